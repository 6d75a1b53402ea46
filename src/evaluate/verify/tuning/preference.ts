/** Preferences and rewards: rows, log-probabilities, losses, gradients and metrics as TRL's trainers have them. */
import { z } from 'zod';
import { loadCompleteModel } from '../../../models/auto.ts';
import type { Model } from '../../../models/model.ts';
import { type Answer, scoreAnswers } from '../../../objectives/answers.ts';
import { cpo } from '../../../objectives/cpo.ts';
import { dpo, type PairExample } from '../../../objectives/dpo.ts';
import { type FeedbackExample, kto } from '../../../objectives/kto.ts';
import type { AnyObjective, Objective } from '../../../objectives/objective.ts';
import { orpo } from '../../../objectives/orpo.ts';
import { reward, rewardsOf } from '../../../objectives/reward.ts';
import { parseOptions } from '../../../support/schema.ts';
import type { Tokenizer } from '../../../tokenizers/tokenizer.ts';
import { inferenceMode, scope, type Tensor } from '../../../torch/index.ts';
import { type Check, compareExactly, compareNumbers, tolerances } from '../compare.ts';
import { stepsSchema, trainingSchema, verifyBatchTraining, wholeModelOf } from './batch-training.ts';
import type { TuningGolden } from './golden.ts';
import { recordedTokenizer } from './recorded-tokenizer.ts';
import { rowsFrom } from './sft.ts';

const numbers = z.array(z.number());
export const options = z.looseObject({
  beta: z.number().optional(),
  max_length: z.int().nullish(),
  loss_type: z.union([z.string(), z.array(z.string())]).optional(),
  loss_weights: numbers.optional(),
  label_smoothing: z.number().optional(),
});
type Options = z.output<typeof options>;

const caseSchema = z.looseObject({
  model: z.string(),
  reference: z.string().optional(),
  dataset: z.array(z.record(z.string(), z.unknown())),
  batch_size: z.int().optional(),
  adamw: stepsSchema,
  cases: z.array(
    z.looseObject({ name: z.string(), method: z.string().optional(), margin: z.boolean().default(false), options }),
  ),
});
export const resultSchema = z.looseObject({
  cases: z.array(
    z.intersection(
      trainingSchema,
      z.looseObject({
        rows: z.array(z.record(z.string(), z.unknown())).optional(),
        logps: z.record(z.string(), numbers).optional(),
        rewards: z.record(z.string(), numbers).optional(),
        metrics: z.record(z.string(), z.number()),
      }),
    ),
  ),
});
type Case = z.output<typeof caseSchema>['cases'][number];
type Result = z.output<typeof resultSchema>['cases'][number];

/** Sequences are never as long. */
export const UNLIMITED = 1 << 14;

/** How TRL's quantities are called here, and what they are computed of. */
interface Method {
  objective(own: Case, tokenizer: Tokenizer, context: number): AnyObjective;
  kind: 'preference' | 'feedback';
  /** A recorded row of an example. */
  row(example: never, tokenizer: Tokenizer): Record<string, unknown>;
  metrics: Record<string, string>;
  /** An end-of-text token is put after answers that do not end with it. */
  endsAnswers?: boolean;
}

export const REWARDS = {
  'rewards/chosen': 'chosenReward',
  'rewards/rejected': 'rejectedReward',
  'rewards/margins': 'margin',
  'rewards/accuracies': 'accuracy',
};
const plain = ({ ids: of, prompt }: Answer) => ({
  prompt: [...of.subarray(0, prompt)],
  answer: [...of.subarray(prompt)],
});
const labelled = ({ ids: of, prompt }: Answer) => ({
  ids: [...of],
  labels: Array.from(of, (id, t) => (t < prompt ? -100 : id)),
});

const methods: Record<string, Method> = {
  dpo: {
    kind: 'preference',
    objective: ({ options: asked }, tokenizer, context) =>
      dpo({ tokenizer, context }, dpoOptions(asked)) as unknown as AnyObjective,
    row({ chosen, rejected }: PairExample) {
      const [one, other] = [plain(chosen), plain(rejected)];
      return { prompt_ids: one.prompt, chosen_ids: one.answer, rejected_ids: other.answer };
    },
    metrics: { ...REWARDS, 'logps/chosen': 'chosenLogProb' },
  },
  kto: {
    kind: 'feedback',
    objective: ({ options: asked }, tokenizer, context) =>
      kto(
        { tokenizer, context },
        {
          loss: asked.loss_type as 'kto',
          beta: asked.beta,
          desirableWeight: asked.desirable_weight as number,
          undesirableWeight: asked.undesirable_weight as number,
        },
      ) as unknown as AnyObjective,
    row({ answer, mismatched, isGood }: FeedbackExample) {
      const own = plain(answer);
      const other = mismatched && plain(mismatched).answer;
      return { label: isGood, prompt_ids: own.prompt, completion_ids: own.answer, KL_completion_ids: other };
    },
    metrics: { 'rewards/chosen': 'chosenReward', 'rewards/rejected': 'rejectedReward' },
  },
  bco: {
    kind: 'feedback',
    endsAnswers: true,
    objective: ({ options: asked }, tokenizer, context) =>
      kto({ tokenizer, context }, { loss: 'bco', beta: asked.beta }) as unknown as AnyObjective,
    row({ answer, isGood }: FeedbackExample) {
      const { ids: own, labels } = labelled(answer);
      return {
        label: isGood,
        prompt_input_ids: own.slice(0, answer.prompt),
        completion_input_ids: own,
        completion_labels: labels,
      };
    },
    metrics: {},
  },
  orpo: {
    kind: 'preference',
    endsAnswers: true,
    objective: ({ options: asked }, tokenizer, context) =>
      orpo({ tokenizer, context }, { beta: asked.beta }) as unknown as AnyObjective,
    row: pairRow,
    metrics: { ...REWARDS, 'logps/chosen': 'chosenLogProb', nll_loss: 'words' },
  },
  cpo: {
    kind: 'preference',
    endsAnswers: true,
    objective: ({ options: asked }, tokenizer, context) =>
      cpo(
        { tokenizer, context },
        {
          loss: (asked.loss_type === 'alphapo' ? 'simpo' : asked.loss_type) as 'simpo',
          beta: asked.beta,
          labelSmoothing: asked.label_smoothing,
          likelihood: likelihoodOf(asked),
          gamma: asked.simpo_gamma as number,
          alpha: asked.loss_type === 'alphapo' ? (asked.alpha as number) : 0,
        },
      ) as unknown as AnyObjective,
    row: pairRow,
    metrics: { ...REWARDS, 'logps/chosen': 'chosenLogProb' },
  },
  reward: {
    kind: 'preference',
    objective: ({ options: asked }, tokenizer, context) =>
      reward(
        { tokenizer, context },
        { centre: (asked.center_rewards_coefficient as number) ?? 0 },
      ) as unknown as AnyObjective,
    row({ chosen, rejected, margin }: PairExample & { margin: number }) {
      return { chosen_ids: [...chosen.ids], rejected_ids: [...rejected.ids], margin };
    },
    metrics: { accuracy: 'accuracy', margin: 'margin', mean_reward: 'reward' },
  },
};

function pairRow({ chosen, rejected }: PairExample): Record<string, unknown> {
  const [one, other] = [labelled(chosen), labelled(rejected)];
  return {
    chosen_input_ids: one.ids,
    chosen_labels: one.labels,
    rejected_input_ids: other.ids,
    rejected_labels: other.labels,
    prompt_input_ids: one.ids.slice(0, chosen.prompt),
  };
}

/** TRL's AlphaPO leaves the likelihood out. */
const likelihoodOf = ({ cpo_alpha: likelihood, loss_type: loss }: Options): number =>
  (likelihood as number) ?? (loss === 'alphapo' ? 0 : 1);

export function dpoOptions(asked: Options): Parameters<typeof dpo>[1] {
  const { loss_type: names = 'sigmoid', loss_weights: weights, label_smoothing: labelSmoothing } = asked;
  const loss =
    typeof names === 'string' ? names : Object.fromEntries(names.map((name, i) => [name, weights?.[i] ?? 1]));
  return {
    loss: loss as 'sigmoid',
    beta: asked.beta,
    labelSmoothing,
    discopopTau: asked.discopop_tau as number,
    divergence: asked.f_divergence_type as 'reverse_kl',
    alpha: asked.f_alpha_divergence_coef as number,
    lengthAlpha: asked.ld_alpha as number,
    weighted: asked.use_weighting as boolean,
  };
}

export async function* verifyPreference(golden: TuningGolden): AsyncGenerator<Check> {
  const given = parseOptions(caseSchema, golden.case, golden.path);
  const { cases } = parseOptions(resultSchema, golden.result, golden.path);
  const folder = golden.locate(given.model);
  const tokenizer = recordedTokenizer(folder);
  for (const [i, own] of given.cases.entries()) {
    const name = own.method ?? golden.kind;
    const method = methods[name];
    const records = given.dataset.map(({ margin, ...record }) => (own.margin ? { ...record, margin } : record));
    using model = loadCompleteModel(folder);
    using initial = given.reference === undefined ? undefined : loadCompleteModel(golden.locate(given.reference));
    yield* verifyCase(golden, { own, name, method, records, result: cases[i], tokenizer, model, initial, given });
  }
}

interface CaseParts {
  own: Case;
  name: string;
  method: Method;
  records: readonly object[];
  result: Result;
  tokenizer: Tokenizer;
  model: Model;
  initial: Model | undefined;
  given: z.output<typeof caseSchema>;
}

function* verifyCase(
  golden: TuningGolden,
  { own, name, method, records, result, tokenizer, model, initial, given }: CaseParts,
): Generator<Check> {
  const check = { section: golden.kind, name: own.name };
  const context = own.options.max_length ?? UNLIMITED;
  const objective = method.objective(own, tokenizer, context) as Objective<'preference', PairExample>;
  const rows = rowsFrom(method.kind, records, golden.path) as never[];
  const size = given.batch_size ?? rows.length;
  /** Answers belong to other prompts of their batch. */
  const made = (most: number): PairExample[] =>
    Array.from({ length: Math.ceil(rows.length / size) }, (_, i) => rows.slice(i * size, (i + 1) * size)).flatMap(
      part => {
        const data = { length: part.length, row: (index: number) => part[index], fingerprint: '' };
        const arranged = method.objective(own, tokenizer, most).arrange!(data as never, { skipBad: true });
        return Array.from({ length: arranged.length }, (_, i) => arranged.row(i) as PairExample).map(one =>
          method.endsAnswers ? withEnd(one, tokenizer) : asTokenised(one, part, tokenizer),
        );
      },
    );
  const all = made(context);
  const examples = all.slice(0, size);
  if (result.rows) {
    // Rows keep what batches cut off.
    const whole = method.endsAnswers ? all : made(UNLIMITED);
    const ours = whole.slice(0, all.length).map(one => method.row(one as never, tokenizer));
    for (const key of Object.keys(result.rows[0])) {
      const pair = [ours.map(row => row[key]), result.rows.map(row => row[key])] as const;
      yield { ...check, quantity: key, ...compareExactly(...pair) };
    }
  }
  const knowing = objective.reference && initial ? withReference(objective, initial, examples) : examples;
  const batch = objective.batch(knowing, 'cpu');
  const lossOf = (): Tensor => {
    const means = objective.means(model, batch);
    return Object.entries(objective.weights)
      .filter(([term]) => means[term])
      .map(([term, weight]) => means[term].mul(weight))
      .reduce((a, b) => a.add(b));
  };
  yield* logProbChecks(
    check,
    { name, perToken: isPerToken(name, own.options), objective, model, batch },
    result,
    knowing,
  );
  const means = scope(() => {
    const found = inferenceMode(() => objective.means(model, batch));
    return Object.fromEntries(Object.entries(found).map(([term, value]) => [term, value.item()]));
  });
  for (const [theirs, ours] of Object.entries(method.metrics)) {
    const recorded = result.metrics[theirs];
    if (recorded === undefined) continue;
    yield { ...check, quantity: theirs, ...compareNumbers([means[ours]], [recorded], tolerances.logProbs) };
  }
  yield* verifyBatchTraining(golden, wholeModelOf(model), lossOf, given.adamw, result, check, () =>
    objective.restore?.({}),
  );
}

/** ORPO and two losses of CPO take means over tokens. */
const isPerToken = (name: string, { loss_type: loss }: Options): boolean =>
  name === 'orpo' || ['ipo', 'simpo', 'alphapo'].includes(String(loss));

export function withReference(
  objective: Objective<'preference', PairExample>,
  initial: Model,
  examples: readonly PairExample[],
): PairExample[] {
  const values = scope(() =>
    inferenceMode(() =>
      objective
        .reference!.of(initial, objective.batch(examples, 'cpu'))
        .unbind()
        .map(row => Array.from(row.toNumbers())),
    ),
  );
  return examples.map((example, i) => objective.reference!.with(example, values[i]));
}

/**
 * TRL has the prompt's own tokens and then those of prompt and answer without as many at their beginning, even where a token reaches
 * from one into the other, and a part of the answer is lost.
 */
function asTokenised(example: PairExample, rows: readonly unknown[], tokenizer: Tokenizer): PairExample {
  const texts = rows.find(row => {
    const { prompt } = row as { prompt: unknown };
    return typeof prompt === 'string' && isPromptOf(example, prompt, tokenizer);
  }) as { prompt: string; chosen: string; rejected: string } | undefined;
  if (!texts) return example;
  const end = tokenizer.idToToken(tokenizer.eosTokenId!)!;
  const answer = (text: string): Answer => {
    const own = [...tokenizer.encodeIds(texts.prompt)];
    const whole = [...tokenizer.encodeIds(texts.prompt + text + (text.endsWith(end) ? '' : end))];
    return { ids: Uint32Array.from([...own, ...whole.slice(own.length)]), prompt: own.length };
  };
  return { ...example, chosen: answer(texts.chosen), rejected: answer(texts.rejected) };
}

const isPromptOf = ({ chosen }: PairExample, prompt: string, tokenizer: Tokenizer): boolean =>
  chosen !== undefined && `${[...tokenizer.encodeIds(prompt)]}` === `${[...chosen.ids.subarray(0, chosen.prompt)]}`;

/** An answer that does not end with the end-of-text token gets one. */
function withEnd(given: PairExample, { eosTokenId = -1 }: Tokenizer): PairExample {
  const ended = ({ ids: of, prompt }: Answer): Answer => ({
    ids: of.at(-1) === eosTokenId ? of : Uint32Array.from([...of, eosTokenId]),
    prompt,
  });
  const { answer } = given as unknown as FeedbackExample;
  if (answer) return { ...given, answer: ended(answer) } as PairExample;
  return { ...given, chosen: ended(given.chosen), rejected: ended(given.rejected) };
}

/** What TRL recorded of log-probabilities and rewards beside what is computed here. */
function* logProbChecks(
  check: Pick<Check, 'section' | 'name'>,
  {
    name,
    perToken,
    objective,
    model,
    batch,
  }: { name: string; perToken: boolean; objective: Objective<'preference', PairExample>; model: Model; batch: unknown },
  { logps, rewards }: Result,
  examples: readonly PairExample[],
): Generator<Check> {
  const found: Record<string, number[]> = {};
  const half = (values: number[]): [number[], number[]] => [
    values.slice(0, values.length / 2),
    values.slice(values.length / 2),
  ];
  scope(() =>
    inferenceMode(() => {
      if (name === 'reward') {
        const [chosen, rejected] = half(Array.from(rewardsOf(model, batch as never).toNumbers()));
        Object.assign(found, { chosen, rejected });
        return;
      }
      if (name === 'kto' || name === 'bco') {
        const { answers, mismatched } = batch as { answers: never; mismatched?: never };
        found.policy = Array.from(scoreAnswers(model, answers).sums.toNumbers());
        const isGood = examples.map(one => (one as unknown as FeedbackExample).isGood);
        Object.assign(found, {
          policy_chosen: found.policy.filter((_, i) => isGood[i]),
          policy_rejected: found.policy.filter((_, i) => !isGood[i]),
        });
        if (mismatched) found.policy_kl = Array.from(scoreAnswers(model, mismatched).sums.toNumbers());
      } else if (name === 'dpo') {
        const values = objective.reference!.of(model, batch).unbind(1);
        const [chosen, rejected] = values.map(side => Array.from(side.toNumbers()));
        Object.assign(found, { policy_chosen: chosen, policy_rejected: rejected });
      } else {
        const { sums } = scoreAnswers(model, batch as never);
        const { lengths } = batch as { lengths: Tensor };
        const [chosen, rejected] = half(Array.from((perToken ? sums.div(lengths) : sums).toNumbers()));
        Object.assign(found, { chosen, rejected });
      }
      const known = examples.map(({ reference }) => reference);
      if (known.some(one => one === undefined)) return;
      const [one, other] = [known.map(values => values![0]), known.map(values => values![1])];
      Object.assign(found, { reference_chosen: one, reference_rejected: other, reference: one, reference_kl: other });
    }),
  );
  for (const [quantity, recorded] of Object.entries(logps ?? rewards ?? {})) {
    if (found[quantity] === undefined || found[quantity].length !== recorded.length) continue;
    yield { ...check, quantity, ...compareNumbers(found[quantity], recorded, tolerances.logProbs) };
  }
}
