/**
 * Distillation as TRL's `DistillationTrainer` and `GKDTrainer` compute it. Left out is MiniLLM, a method of reinforcement learning that
 * has no counterpart here.
 */
import { z } from 'zod';
import { loadCompleteModel } from '../../../models/auto.ts';
import { IGNORE_INDEX } from '../../../models/losses.ts';
import { distillation } from '../../../objectives/distillation.ts';
import type { InstructionExample } from '../../../objectives/instruction.ts';
import { parseOptions } from '../../../support/schema.ts';
import type { Tensor } from '../../../torch/index.ts';
import type { Check } from '../compare.ts';
import { stepsSchema, trainingSchema, verifyBatchTraining, wholeModelOf } from './batch-training.ts';
import type { TuningGolden } from './golden.ts';
import { recordedTokenizer } from './recorded-tokenizer.ts';

const matrix = z.array(z.array(z.int()));
export const completionsSchema = z.looseObject({
  prompt_ids: matrix,
  prompt_mask: matrix,
  completion_ids: matrix,
  completion_mask: matrix,
});
const caseSchema = z.looseObject({
  model: z.string(),
  teacher: z.string(),
  inputs: completionsSchema,
  adamw: stepsSchema,
  cases: z.array(
    z.looseObject({
      name: z.string(),
      method: z.enum(['distillation', 'gkd', 'minillm']),
      options: z.looseObject({ beta: z.number().optional(), temperature: z.number().optional() }),
      num_items_in_batch: z.int().optional(),
    }),
  ),
});
const resultSchema = z.looseObject({ cases: z.array(trainingSchema) });

/** Prompts without their padding, each with its completion. */
export const completionsOf = (given: z.output<typeof completionsSchema>): { ids: number[]; prompt: number }[] => {
  const kept = (ids: readonly number[], mask: readonly number[]): number[] => ids.filter((_, t) => mask[t] === 1);
  return given.prompt_ids.map((prompt, i) => {
    const own = kept(prompt, given.prompt_mask[i]);
    return { ids: [...own, ...kept(given.completion_ids[i], given.completion_mask[i])], prompt: own.length };
  });
};

export function* verifyDistillation(golden: TuningGolden): Generator<Check> {
  const given = parseOptions(caseSchema, golden.case, golden.path);
  const { cases } = parseOptions(resultSchema, golden.result, golden.path);
  const folder = golden.locate(given.model);
  const tokenizer = recordedTokenizer(folder);
  const examples = completionsOf(given.inputs).map(
    ({ ids, prompt }): InstructionExample => ({
      ids: Uint32Array.from(ids),
      labels: Int32Array.from(ids, (id, t) => (t < prompt ? IGNORE_INDEX : id)),
      starts: [],
    }),
  );
  using teacher = loadCompleteModel(golden.locate(given.teacher));
  for (const [i, { name, method, options, num_items_in_batch: items }] of given.cases.entries()) {
    if (method === 'minillm') continue;
    using model = loadCompleteModel(folder);
    // GKD's loss does not read its temperature.
    const temperature = method === 'gkd' ? 1 : options.temperature;
    const objective = distillation({ tokenizer, context: 1 << 14 }, { teacher, beta: options.beta, temperature });
    const batch = objective.batch(examples, 'cpu');
    const share = items === undefined ? 1 : batch.targets.count / items;
    const lossOf = (): Tensor => objective.means(model, batch).divergence.mul(share);
    const check = { section: 'distillation', name };
    yield* verifyBatchTraining(golden, wholeModelOf(model), lossOf, given.adamw, cases[i], check);
  }
}
