/**
 * Log-probabilities of continuations with a decoder: sorted by length, in batches; inputs that are the same tokens, and contexts
 * that several continuations share, are read once.
 */
import { turnsByLength } from '../../generate/scoring/score-tokens.ts';
import { int64, padRows } from '../../generate/sessions/session.ts';
import type { Model } from '../../models/model.ts';
import { usageError } from '../../support/errors.ts';
import { partsOf } from '../../support/parts.ts';
import type { EncodedPair } from './encode-pair.ts';
import type { RequestOptions } from './evaluated-model.ts';
import { batchesByLength, eachBatch } from './in-batches.ts';
import { scoreShared } from './shared-contexts.ts';
import { logProbsAt, type TokenLogProb } from './token-log-probs.ts';

const LIMITS = { rows: 256, tokens: 8192 };

/**
 * For each pair the log-probabilities of its continuation's tokens.
 *
 * @throws UserError when a continuation alone is longer than the model's context
 */
export async function scorePairs(
  model: Model,
  pairs: readonly EncodedPair[],
  options: RequestOptions = {},
): Promise<TokenLogProb[][]> {
  const inputs = pairs.map(({ context, continuation }, i) => {
    if (continuation.length > model.maxPositions) throw tooLong(i + 1, continuation.length, model.maxPositions);
    // The last token is asked for and not read; what is too long loses its beginning.
    return [...context, ...continuation].slice(-(model.maxPositions + 1), -1);
  });
  const results = new Array<TokenLogProb[]>(pairs.length);
  const { alone, together } = byContext(inputs, pairs, turnsByLength(model));
  const total = alone.length + together.length;
  const from = (before: number): RequestOptions => ({
    signal: options.signal,
    onProgress: done => options.onProgress?.(before + done, total),
  });
  const asked = { model, pairs, inputs, results };
  await scoreAlone(asked, alone, from(0));
  await scoreTogether(asked, together, from(alone.length));
  return results;
}

interface Asked {
  model: Model;
  pairs: readonly EncodedPair[];
  /** What is read of each. */
  inputs: readonly (readonly number[])[];
  /** Where the scores go. */
  results: TokenLogProb[][];
}

/** Contexts of fewer tokens are not worth a pass of their own. */
const LEAST_CONTEXT = 8;

/** Numbers of the pairs: those that read the same tokens, and those whose context has several continuations. */
function byContext(
  inputs: readonly (readonly number[])[],
  pairs: readonly EncodedPair[],
  isSingle: boolean,
): { alone: number[][]; together: number[][] } {
  const groups = alike(inputs);
  if (isSingle) return { alone: groups, together: [] };
  const contexts = alike(groups.map(([pair]) => contextOf(inputs[pair], pairs[pair])));
  const isShared = (members: readonly number[]): boolean => {
    const [pair] = groups[members[0]];
    return members.length > 1 && contextOf(inputs[pair], pairs[pair]).length >= LEAST_CONTEXT;
  };
  return {
    alone: contexts.filter(members => !isShared(members)).flatMap(members => members.map(group => groups[group])),
    together: contexts.filter(isShared).map(members => members.flatMap(group => groups[group])),
  };
}

/** What is read before the first token that is asked for. */
const contextOf = (input: readonly number[], { continuation }: EncodedPair): readonly number[] =>
  input.slice(0, input.length - continuation.length + 1);

async function scoreTogether(
  { model, pairs, inputs, results }: Asked,
  groups: readonly (readonly number[])[],
  options: RequestOptions,
): Promise<void> {
  const shared = groups.map(members => ({
    context: contextOf(inputs[members[0]], pairs[members[0]]),
    continuations: members.map(pair => pairs[pair].continuation),
  }));
  const lengthOf = ({ context, continuations }: (typeof shared)[number]): number =>
    context.length + continuations.reduce((sum, { length }) => sum + length, 0);
  const work = (batch: readonly number[]): void => {
    const scores = scoreShared(
      model,
      batch.map(group => shared[group]),
    );
    for (const [i, group] of batch.entries()) {
      for (const [m, pair] of groups[group].entries()) results[pair] = scores[i][m];
    }
  };
  await eachBatch(batchesByLength(shared.map(lengthOf), LIMITS), work, options);
}

async function scoreAlone(
  { model, pairs, inputs, results }: Asked,
  groups: readonly (readonly number[])[],
  options: RequestOptions,
): Promise<void> {
  const batches = batchesByLength(
    groups.map(([first]) => inputs[first].length),
    turnsByLength(model) ? { ...LIMITS, rows: 1 } : LIMITS,
  );
  const work = (batch: readonly number[]): void => {
    const rows = padRows(
      batch.map(group => inputs[groups[group][0]]),
      'right',
      0,
    );
    const asked = batch.flatMap((group, row) => groups[group].map(pair => ({ row, pair })));
    const places = asked.flatMap(({ row, pair }) => {
      const { continuation } = pairs[pair];
      const first = inputs[pair].length - continuation.length;
      return continuation.map((id, i) => ({ row, at: first + i, id }));
    });
    // What comes later never changes what a decoder says of earlier tokens: padding on the right needs no mask.
    const inputIds = () => int64(rows.flat(), [rows.length, rows[0].length], model.device);
    const scores = logProbsAt(model, () => model.backbone.forward({ inputIds: inputIds() }).lastHiddenState, places);
    const lengths = asked.map(({ pair }) => pairs[pair].continuation.length);
    for (const [i, own] of partsOf(scores, lengths).entries()) results[asked[i].pair] = own;
  };
  await eachBatch(batches, work, options);
}

/** Numbers of the inputs that are the same tokens. */
function alike(inputs: readonly (readonly number[])[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const [i, ids] of inputs.entries()) {
    const key = ids.join();
    const group = groups.get(key);
    if (group) group.push(i);
    else groups.set(key, [i]);
  }
  return [...groups.values()];
}

const tooLong = (number: number, tokens: number, context: number): Error =>
  usageError(
    'TSLM_TOO_LONG',
    `request ${number}: its continuation has ${tokens} tokens, and the model reads ${context}`,
    'shorten the target, or use a model with a longer context',
  );
