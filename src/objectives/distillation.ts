/**
 * Distillation (Hinton et al. 2015, arXiv:1503.02531): a smaller model learns, at each token of the answers, the distribution of a
 * larger one, its teacher, by the generalised Jensen–Shannon divergence (Agarwal et al. 2024, arXiv:2306.13649).
 */
import { z } from 'zod';
import { loadCompleteModel, modelFolder } from '../models/auto.ts';
import type { Model } from '../models/model.ts';
import { usageError } from '../support/errors.ts';
import { Tokenizer } from '../tokenizers/tokenizer.ts';
import { noGrad, scope, stack, type Tensor } from '../torch/index.ts';
import { statesAt, wordMeans } from './batches.ts';
import { learnables } from './conversations.ts';
import { type InstructionBatch, type InstructionExample, instruction } from './instruction.ts';
import type { Means, Objective, ObjectiveContext } from './objective.ts';
import { packings } from './packing.ts';
import { wordHead } from './text-to-text.ts';

export const distillationOptions = z.strictObject({
  name: z.literal('distillation'),
  /** Folder of the teacher, which has the same tokenizer. */
  teacher: z.string(),
  /** 0: forward KL, the student covers what the teacher does; 1: reverse KL, it does only such; between them a mixture. */
  beta: z.number().min(0).max(1).default(0),
  /** Both distributions are of scores divided by it. */
  temperature: z.number().positive().default(1),
  /** Weight of the loss of the tokens themselves beside that of the distributions. */
  words: z.number().min(0).default(0),
  /** Which tokens are learnt. */
  learn: z.enum(learnables).default('auto'),
  /** How rows share a sequence. */
  packing: z.enum(packings).default('none'),
});

export type DistillationOptions = Partial<Omit<z.output<typeof distillationOptions>, 'name' | 'teacher'>> & {
  teacher: string | Model;
};

/** @throws UserError when the teacher has another tokenizer or another vocabulary */
export function distillation(
  context: ObjectiveContext,
  { teacher: given, beta = 0, temperature = 1, words = 0, learn, packing }: DistillationOptions,
): Objective<'instruction', InstructionExample, InstructionBatch> {
  const base = instruction(context, { learn, packing });
  let loaded: Model | undefined;
  const teacherOf = (student: Model): Model => {
    loaded ??= typeof given === 'string' ? teacherIn(given, context.tokenizer) : given;
    requireSameVocabulary(student, loaded);
    if (loaded.device !== student.device) loaded.to({ device: student.device });
    return loaded;
  };
  if (context.model && context.model.task === 'causalLM') teacherOf(context.model);
  return {
    ...base,
    name: 'distillation',
    weights: { divergence: 1, ...(words > 0 && { words }) },
    counts: batch => ({ ...base.counts(batch), divergence: batch.targets.count }),
    means: (model, batch) =>
      scope((): Means => {
        const { inputIds, documentStarts, targets } = batch;
        if (targets.count === 0) return {};
        const scoresOf = (one: Model): Tensor => {
          const { lastHiddenState } = one.backbone.forward({ inputIds, documentStarts });
          return wordHead(one).scores(statesAt(lastHiddenState, targets)).to('float32');
        };
        const teacher = noGrad(() => scoresOf(teacherOf(model)));
        const { lastHiddenState } = model.backbone.forward({ inputIds, documentStarts });
        const head = wordHead(model);
        const student = head.scores(statesAt(lastHiddenState, targets)).to('float32');
        const logs = [student, teacher].map(scores => scores.div(temperature).logSoftmax(-1));
        return {
          divergence: jensenShannon(logs[0], logs[1], beta).mean(),
          ...wordMeans(head, lastHiddenState, targets),
        };
      }),
  };
}

/**
 * β KL(teacher ‖ mixture) + (1 − β) KL(student ‖ mixture) with the mixture β teacher + (1 − β) student, [n]; 0 and 1 are forward and
 * reverse KL.
 *
 * @param student log-probabilities, [n, vocab]
 * @param teacher log-probabilities, [n, vocab]
 */
export function jensenShannon(student: Tensor, teacher: Tensor, beta: number): Tensor {
  if (beta === 0) return divergence(teacher, student);
  if (beta === 1) return divergence(student, teacher);
  const mixture = stack([student.add(Math.log1p(-beta)), teacher.add(Math.log(beta))]).logsumexp([0]);
  return divergence(teacher, mixture)
    .mul(beta)
    .add(divergence(student, mixture).mul(1 - beta));
}

/** KL(p ‖ q) of log-probabilities, [n] */
const divergence = (p: Tensor, q: Tensor): Tensor => p.exp().mul(p.sub(q)).sum([-1]);

function teacherIn(name: string, tokenizer: Tokenizer): Model {
  const folder = modelFolder(name);
  if (encodingOf(Tokenizer.fromFile(folder)) !== encodingOf(tokenizer)) {
    throw usageError(
      'TSLM_OTHER_TOKENIZER',
      `objective.teacher: ${folder} has another tokenizer than the model`,
      'a student learns from distributions over the same tokens: begin with a model of the same tokenizer',
    );
  }
  const model = loadCompleteModel(folder);
  for (const parameter of model.parameters()) parameter.requiresGrad = false;
  return model;
}

/** What decides how texts are cut into tokens. */
function encodingOf(tokenizer: Tokenizer): string {
  const { padding: _padding, truncation: _truncation, ...encoding } = tokenizer.toJSON() as Record<string, unknown>;
  return JSON.stringify(encoding);
}

function requireSameVocabulary({ config }: Model, teacher: Model): void {
  if (config.vocab_size === teacher.config.vocab_size) return;
  throw usageError(
    'TSLM_OTHER_TOKENIZER',
    `objective.teacher: it has ${teacher.config.vocab_size} words, and the model ${config.vocab_size}`,
    'a student learns from distributions over the same tokens',
  );
}
