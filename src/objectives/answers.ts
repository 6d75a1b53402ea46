/**
 * Answers to prompts as sequences, and how likely a model holds each: what preferences are learnt from. A batch of pairs has the
 * chosen answers first and the rejected ones after them.
 */
import type { Rows, Said, Tools } from '../data/rows/rows.ts';
import { IGNORE_INDEX } from '../models/losses.ts';
import type { Model } from '../models/model.ts';
import { UserError } from '../support/errors.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { type Device, isGradEnabled, type Tensor, tensor, zeros } from '../torch/index.ts';
import type { Answer } from './answer.ts';
import { int64Of, padRows, statesAt, type Targets, targetsOf } from './batches.ts';
import { answered } from './conversations.ts';
import { logProbabilities } from './log-probabilities.ts';
import { wordHead } from './text-to-text.ts';

export type { Answer } from './answer.ts';

export interface AnswerBatch {
  /** int64 [rows, time] */
  inputIds: Tensor;
  /** The tokens of the answers. */
  targets: Targets;
  /** int64 [n]: the row that each target belongs to */
  owners: Tensor;
  /** float32 [rows]: tokens of each answer */
  lengths: Tensor;
  rows: number;
}

/**
 * A prompt and its answer, cut to `most` tokens.
 *
 * @throws UserError when the prompt leaves no room for the answer, or the answer has no token
 */
export function answerOf(
  tokenizer: Tokenizer,
  [prompt, said, tools]: readonly [prompt: Said, said: Said, tools?: Tools],
  most: number,
): Answer {
  const found = answered(tokenizer, prompt, said, tools);
  // A model that answers a prompt goes on from the prompt's own tokens.
  const { ids, prompt: length } = found.apart
    ? { ids: Uint32Array.from([...found.apart.prompt, ...found.apart.answer]), prompt: found.apart.prompt.length }
    : found;
  if (length >= ids.length) throw new UserError('TSLM_NO_TARGET', 'an answer has no token of its own');
  if (length < most) return { ids: ids.subarray(0, most), prompt: length };
  throw new UserError('TSLM_NO_TARGET', `its prompt has ${length} tokens, and rows are cut to ${most}`, {
    hint: 'make model.context longer, or the prompt shorter',
  });
}

/** The two answers of a row, chosen and rejected. */
export const pairOf = (tokenizer: Tokenizer, row: Rows['preference'], most: number): [Answer, Answer] => {
  const { prompt, chosen, rejected, tools } = row;
  return [answerOf(tokenizer, [prompt, chosen, tools], most), answerOf(tokenizer, [prompt, rejected, tools], most)];
};

export function answerBatch(answers: readonly Answer[], pad: number, device: Device): AnswerBatch {
  const rows = answers.map(({ ids }) => ids);
  const labels = answers.map(({ ids, prompt }) =>
    Array.from(ids, (_, t) => (t + 1 >= Math.max(1, prompt) && t + 1 < ids.length ? ids[t + 1] : IGNORE_INDEX)),
  );
  const counts = labels.map(row => row.filter(label => label !== IGNORE_INDEX).length);
  return {
    inputIds: padRows(rows, pad, device),
    targets: targetsOf(labels, device),
    owners: int64Of(
      counts.flatMap((count, i) => new Array<number>(count).fill(i)),
      device,
    ),
    lengths: tensor(counts, { dtype: 'float32', device }),
    rows: answers.length,
  };
}

export interface AnswerScores {
  /** float32 [n]: log-probability of each token of the answers */
  tokens: Tensor;
  /** float32 [rows]: their sums */
  sums: Tensor;
  /** float32 [n, vocab] */
  scores: Tensor;
}

/**
 * How likely the model holds the answers.
 *
 * @param states [rows, time, hidden]: what the model makes of the batch, where that is known
 */
export function scoreAnswers(
  model: Model,
  { inputIds, targets, owners, rows }: AnswerBatch,
  states: Tensor = model.backbone.forward({ inputIds }).lastHiddenState,
): AnswerScores {
  const scores = wordHead(model).scores(statesAt(states, targets)).to('float32');
  const tokens = logProbabilities(scores, targets.labels);
  return { tokens, sums: sumBy(tokens, owners, rows), scores };
}

/**
 * Sums of values that belong to the same row, [rows]
 *
 * @param values float32 [n]
 * @param owners int64 [n]
 */
export const sumBy = (values: Tensor, owners: Tensor, rows: number): Tensor =>
  zeros([rows], { device: values.device }).indexAdd_(0, owners, values);

/** The first and the second half of [2 · pairs, …]. */
export const halves = (values: Tensor): [Tensor, Tensor] => {
  const pairs = values.size(0) / 2;
  return [values.narrow(0, 0, pairs), values.narrow(0, pairs, pairs)];
};

/** log σ(x) */
export const logSigmoid = (x: Tensor): Tensor => x.neg().softplus().neg();

/** What is measured of a loss and does not change it. */
export const detached = (terms: Record<string, Tensor>): Record<string, Tensor> =>
  isGradEnabled() ? Object.fromEntries(Object.entries(terms).map(([name, value]) => [name, value.detach()])) : terms;

/** Rewards of pairs as metrics: means of both, of what is between them, and how often the better answer has more. */
export const rewardMetrics = (chosen: Tensor, rejected: Tensor): Record<string, Tensor> =>
  detached({
    chosenReward: chosen.mean(),
    rejectedReward: rejected.mean(),
    margin: chosen.sub(rejected).mean(),
    accuracy: chosen.gt(rejected).to('float32').mean(),
  });
