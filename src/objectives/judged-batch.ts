/** Answers with their rewards as a batch, and what is measured of them: what GRPO and RLOO learn from. */
import { basename } from 'node:path';
import type { Model } from '../models/model.ts';
import { type Device, type Tensor, tensor, zeros } from '../torch/index.ts';
import { type AnswerBatch, answerBatch } from './answers.ts';
import { int64Of, statesAt } from './batches.ts';
import type { JudgedAnswer, PromptExample, WrittenAnswer } from './exploration.ts';
import { logProbabilities } from './log-probabilities.ts';
import type { Counts, Means } from './objective.ts';
import { isModuleReward, nameOfReward, type RewardOptions } from './reward-options.ts';
import { wordHead } from './text-to-text.ts';

export interface JudgedBatch extends AnswerBatch {
  /** int64 [n]: row · `time` + which token of its answer each is */
  places: Tensor;
  /** Tokens of the longest answer. */
  time: number;
  /** float32 [rows]; undefined where nothing is learnt */
  advantages: Tensor | undefined;
  /** float32 [n], by the model that wrote them and by the model as it began */
  old: Tensor | undefined;
  reference: Tensor | undefined;
  /** Answers one after another, those to a prompt together. */
  answers: readonly JudgedAnswer[];
  groups: readonly (readonly JudgedAnswer[])[];
}

export function judgedBatch(examples: readonly PromptExample[], pad: number, device: Device): JudgedBatch {
  const groups = examples.map(({ answers = [] }) => answers).filter(({ length }) => length > 0);
  const answers = groups.flat();
  const float32 = (values: readonly number[]): Tensor => tensor([...values], { dtype: 'float32', device });
  const known = (of: 'old' | 'reference'): Tensor | undefined =>
    answers.length > 0 && answers.every(one => one[of])
      ? float32(answers.flatMap(one => Array.from(one[of]!)))
      : undefined;
  const lengths = answers.map(lengthOf);
  const time = Math.max(0, ...lengths);
  const isTaught = answers.length > 0 && answers.every(({ advantage }) => advantage !== undefined);
  return {
    ...answerBatch(answers, pad, device),
    places: int64Of(
      lengths.flatMap((length, row) => Array.from({ length }, (_, t) => row * time + t)),
      device,
    ),
    time,
    advantages: isTaught ? float32(answers.map(({ advantage }) => advantage!)) : undefined,
    old: known('old'),
    reference: known('reference'),
    answers,
    groups,
  };
}

const lengthOf = ({ ids, prompt }: WrittenAnswer): number => ids.length - prompt;

/** Values of tokens as [rows, time], 0 after each answer's end. */
export const laidOut = (
  values: Tensor,
  { places, rows, time }: Pick<JudgedBatch, 'places' | 'rows' | 'time'>,
): Tensor =>
  zeros([rows * time], { device: values.device })
    .indexAdd_(0, places, values)
    .view([rows, time]);

/** float32 [n]: log-probabilities of the tokens of the answers at a temperature */
export function tokenLogProbs(model: Model, { inputIds, targets }: AnswerBatch, temperature: number): Tensor {
  const { lastHiddenState } = model.backbone.forward({ inputIds });
  const scores = wordHead(model).scores(statesAt(lastHiddenState, targets)).to('float32').div(temperature);
  return logProbabilities(scores, targets.labels);
}

/** What each reward is called in metrics. */
function metricNames(rewards: readonly RewardOptions[]): string[] {
  const bare = rewards.map(one => (isModuleReward(one) ? basename(nameOfReward(one)) : one.reward));
  return bare.map((name, i) => {
    const before = bare.slice(0, i).filter(other => other === name).length;
    return `reward.${name}${before === 0 ? '' : `.${before + 1}`}`;
  });
}

const saidBy = (answers: readonly JudgedAnswer[], i: number): number[] =>
  answers.flatMap(({ rewards }) => rewards[i] ?? []);
const known = (answers: readonly JudgedAnswer[]): number[] => answers.flatMap(({ reward }) => reward ?? []);
const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The sample standard deviation of what is there; 0 for less than two values. */
export function spreadOf(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

/** Whether nothing tells the answers of a group apart. */
export const isOneReward = (group: readonly JudgedAnswer[]): boolean =>
  new Set(group.map(({ reward }) => reward)).size === 1;

/** Metrics of answers: by how many predictions each is a mean of, and its value where there are any. */
function measured(
  { answers, groups, advantages }: JudgedBatch,
  rewards: readonly RewardOptions[],
): Record<string, { count: number; value: number }> {
  const ofAnswers = (values: readonly number[]): { count: number; value: number } => ({
    count: values.length,
    value: meanOf(values),
  });
  const isTaught = advantages !== undefined;
  return {
    reward: ofAnswers(known(answers)),
    ...(rewards.length > 1 &&
      Object.fromEntries(metricNames(rewards).map((name, i) => [name, ofAnswers(saidBy(answers, i))]))),
    length: ofAnswers(answers.map(lengthOf)),
    cut: ofAnswers(answers.map(({ isWhole }) => (isWhole ? 0 : 1))),
    ...(isTaught && {
      rewardStd: ofAnswers(groups.map(group => spreadOf(known(group)))),
      sameReward: ofAnswers(groups.map(group => (isOneReward(group) ? 1 : 0))),
    }),
  };
}

/** Those that the log of a training has. */
export const loggedMetrics = (rewards: readonly RewardOptions[], more: readonly string[]): string[] => [
  'reward',
  'rewardStd',
  ...(rewards.length > 1 ? metricNames(rewards) : []),
  'sameReward',
  'length',
  'cut',
  ...more,
];

export const measuredCounts = (batch: JudgedBatch, rewards: readonly RewardOptions[]): Counts =>
  Object.fromEntries(Object.entries(measured(batch, rewards)).map(([name, { count }]) => [name, count]));

export const measuredMeans = (batch: JudgedBatch, rewards: readonly RewardOptions[]): Means =>
  Object.fromEntries(
    Object.entries(measured(batch, rewards)).flatMap(([name, { count, value }]) =>
      count === 0 ? [] : [[name, tensor(value, { dtype: 'float32' })]],
    ),
  );

/** Rewards by their weights; null where none of them has anything to say. */
export function totalReward(rewards: readonly (number | null)[], options: readonly RewardOptions[]): number | null {
  const said = rewards.flatMap((value, i) => (value === null ? [] : [value * options[i].weight]));
  return said.length === 0 ? null : said.reduce((sum, value) => sum + value, 0);
}
