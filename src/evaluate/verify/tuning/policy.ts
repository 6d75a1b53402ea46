/** Policy gradients on given answers, as TRL's `GRPOTrainer` and `RLOOTrainer` compute them, and advantages of given rewards. */
import { z } from 'zod';
import { loadCompleteModel } from '../../../models/auto.ts';
import type { Model } from '../../../models/model.ts';
import { type AnswerBatch, answerBatch, sumBy } from '../../../objectives/answers.ts';
import { int64Of, statesAt } from '../../../objectives/batches.ts';
import { entropies, logProbabilities } from '../../../objectives/log-probabilities.ts';
import {
  advantagesOf,
  advantageTensor,
  type PolicyLoss,
  policyLoss,
  rlooLoss,
} from '../../../objectives/policy-losses.ts';
import { wordHead } from '../../../objectives/text-to-text.ts';
import { parseOptions } from '../../../support/schema.ts';
import { inferenceMode, scope, type Tensor, tensor, zeros } from '../../../torch/index.ts';
import { type Check, compareNumbers, compareTensors, tolerances } from '../compare.ts';
import { stepsSchema, trainingSchema, verifyBatchTraining, wholeModelOf } from './batch-training.ts';
import { completionsOf, completionsSchema } from './distillation.ts';
import { recordedTensor, type TuningGolden } from './golden.ts';

const numbers = z.array(z.number());
const number = z.number().optional();
const options = z.looseObject({
  loss_type: z.string().optional(),
  epsilon: number,
  epsilon_high: number,
  delta: number,
  beta: number,
  temperature: number,
  top_entropy_quantile: number,
  off_policy_mask_threshold: number,
  importance_sampling_level: z.enum(['token', 'sequence']).optional(),
  use_bias_correction_kl: z.boolean().optional(),
});
const caseSchema = z.looseObject({
  model: z.string(),
  inputs: z.intersection(completionsSchema, z.looseObject({ advantages: numbers })),
  max_completion_length: z.int(),
  adamw: stepsSchema,
  cases: z.array(
    z.looseObject({
      name: z.string(),
      options,
      without: z.array(z.string()).default([]),
      accumulation: z.int().default(1),
    }),
  ),
});
const resultSchema = z.looseObject({
  cases: z.array(
    z.intersection(
      trainingSchema,
      z.looseObject({
        per_token_logps: recordedTensor.optional(),
        entropies: recordedTensor.optional(),
        old_logps: numbers.optional(),
      }),
    ),
  ),
});

/** Log-probabilities and entropies of the tokens of answers, [answers, time], 0 after their end. */
function tokenScores(model: Model, batch: AnswerBatch, time: number, temperature: number): [Tensor, Tensor] {
  const { inputIds, targets, owners, rows } = batch;
  const { lastHiddenState } = model.backbone.forward({ inputIds });
  const scores = wordHead(model).scores(statesAt(lastHiddenState, targets)).to('float32').div(temperature);
  const seen = new Map<number, number>();
  const places = Array.from(owners.toNumbers() as ArrayLike<number>, row => {
    const at = seen.get(row) ?? 0;
    seen.set(row, at + 1);
    return row * time + at;
  });
  const laid = (values: Tensor): Tensor =>
    zeros([rows * time])
      .indexAdd_(0, int64Of(places, 'cpu'), values)
      .view([rows, time]);
  return [laid(logProbabilities(scores, targets.labels)), laid(entropies(scores))];
}

export function* verifyPolicy(golden: TuningGolden): Generator<Check> {
  const given = parseOptions(caseSchema, golden.case, golden.path);
  const { cases } = parseOptions(resultSchema, golden.result, golden.path);
  const folder = golden.locate(given.model);
  const answers = completionsOf(given.inputs).map(({ ids, prompt }) => ({ ids: Uint32Array.from(ids), prompt }));
  const batch = answerBatch(answers, 0, 'cpu');
  const time = given.inputs.completion_ids[0].length;
  const mask = tensor(given.inputs.completion_mask, { dtype: 'float32' });
  const advantages = advantageTensor(given.inputs.advantages, 'cpu');
  const stored = (name: string, without: readonly string[]): Tensor | undefined =>
    without.includes(name) ? undefined : golden.recorded({ tensor: `inputs.${name}` });
  for (const [i, { name, options: asked, without, accumulation }] of given.cases.entries()) {
    using model = loadCompleteModel(folder);
    const expected = cases[i];
    const check = { section: golden.kind, name };
    const { epsilon, epsilon_high: epsilonHigh, temperature = 1 } = asked;
    const recorded = [
      ['log-probabilities', expected.per_token_logps],
      ['entropies', expected.entropies],
    ] as const;
    for (const [of, [quantity, value]] of recorded.entries()) {
      if (!value) continue;
      const compared = scope(() => {
        const found = inferenceMode(() => tokenScores(model, batch, time, temperature))[of];
        return compareTensors(found, golden.recorded(value), tolerances.logProbs);
      });
      yield { ...check, quantity, ...compared };
    }
    const lossOf = (): Tensor => {
      const [policy, spread] = tokenScores(model, batch, time, temperature);
      if (expected.old_logps) {
        const sums = sumBy(policy.flatten(), rowsOf(batch.rows, time), batch.rows);
        return rlooLoss(sums, advantageTensor(expected.old_logps, 'cpu'), advantages, { epsilon, epsilonHigh });
      }
      const old = stored('old_per_token_logps', without);
      const reference = stored('ref_per_token_logps', without);
      const scores = { policy, old, reference, entropies: spread, mask, advantages };
      return policyLoss(scores, {
        loss: asked.loss_type as PolicyLoss,
        epsilon,
        epsilonHigh,
        delta: asked.delta,
        level: asked.importance_sampling_level,
        beta: asked.beta,
        correctsDivergence: asked.use_bias_correction_kl,
        topEntropy: asked.top_entropy_quantile,
        offPolicy: asked.off_policy_mask_threshold,
        maxLength: given.max_completion_length,
      }).div(accumulation);
    };
    yield* verifyBatchTraining(golden, wholeModelOf(model), lossOf, given.adamw, expected, check);
  }
}

const rowsOf = (rows: number, time: number): Tensor =>
  int64Of(
    Array.from({ length: rows * time }, (_, i) => Math.floor(i / time)),
    'cpu',
  );

const rewardsSchema = z.looseObject({
  num_generations: z.int(),
  cases: z.array(
    z.looseObject({
      name: z.string(),
      rewards: z.array(z.array(z.number().nullable())),
      options: z.looseObject({
        reward_weights: numbers.optional(),
        scale_rewards: z.enum(['group', 'batch', 'none']).optional(),
        multi_objective_aggregation: z.string().optional(),
      }),
    }),
  ),
});
const advantagesSchema = z.looseObject({ cases: z.array(z.looseObject({ advantages: numbers })) });

export function* verifyAdvantages(golden: TuningGolden): Generator<Check> {
  const { num_generations: group, cases } = parseOptions(rewardsSchema, golden.case, golden.path);
  const results = parseOptions(advantagesSchema, golden.result, golden.path).cases;
  for (const [i, { name, rewards, options: asked }] of cases.entries()) {
    const found = advantagesOf(rewards, {
      group,
      weights: asked.reward_weights,
      scale: asked.scale_rewards,
      normalizesFirst: asked.multi_objective_aggregation === 'normalize_then_sum',
    });
    const compared = compareNumbers(found, results[i].advantages, tolerances.logProbs);
    yield { section: 'advantages', name, quantity: 'advantages', ...compared };
  }
}
