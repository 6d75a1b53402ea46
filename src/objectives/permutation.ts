/**
 * Permutation language modelling (XLNet, Yang et al. 2019): tokens are predicted in a random order, each from those
 * before it in that order. One token in six is predicted, in spans of one to five, as in Hugging Face's collator. A memory lets
 * a window see the tokens before it, which are read first and get no gradients (Dai et al. 2019).
 */
import { z } from 'zod';
import type { LMHead } from '../models/heads/lm.ts';
import { IGNORE_INDEX } from '../models/losses.ts';
import type { Model } from '../models/model.ts';
import { usageError } from '../support/errors.ts';
import type { Random } from '../support/random.ts';
import { fromTypedArray, noGrad, scope, type Tensor } from '../torch/index.ts';
import { attentionMaskOf, longest, padRows, type Targets, targetsOf, wordMeans } from './batches.ts';
import type { Objective, ObjectiveContext } from './objective.ts';

export const permutationOptions = z.strictObject({
  name: z.literal('permutation'),
  /** Share of the tokens that are predicted. */
  probability: z
    .number()
    .gt(0)
    .max(1)
    .default(1 / 6),
  maxSpan: z.int().positive().default(5),
  /**
   * The content stream sees a mask in place of each target, as Hugging Face's collator has it, so that no target is
   * predicted from another; in the paper it sees the token.
   */
  maskTargets: z.boolean().default(false),
  /**
   * So many tokens before each window are read first, and their hidden states are its memory; XLNet's are half a window. They are
   * read anew for each window, so that any example can be made again without those before it. 0: none.
   */
  memory: z.int().nonnegative().default(0),
});

export type PermutationOptions = Partial<Omit<z.output<typeof permutationOptions>, 'name'>>;

/** 1 for each target: spans at random places, each in a context of its length over `probability`. */
export function drawTargets(
  time: number,
  { probability, maxSpan }: { probability: number; maxSpan: number },
  random: Pick<Random, 'below'>,
): Uint8Array {
  const chosen = new Uint8Array(time);
  for (let at = 0; at < time; ) {
    const span = 1 + random.below(maxSpan);
    const around = Math.floor(span / probability);
    const start = at + random.below(around - span + 1);
    chosen.fill(1, Math.min(start, time), Math.min(start + span, time));
    at += around;
  }
  return chosen;
}

export interface Permuted {
  inputIds: Uint32Array;
  /** The token at each target, −100 elsewhere. */
  labels: Int32Array;
  /** [time, time], row by row: 1 where position i may not see j. */
  permMask: Uint8Array;
}

/**
 * @param chosen 1 for each target; special tokens and padding are none
 * @param half a permutation of half the positions, which both halves are put in
 * @param options.maskId stands in place of targets. Default: the tokens themselves
 */
export function applyPermutation(
  ids: ArrayLike<number>,
  chosen: ArrayLike<number>,
  half: ArrayLike<number>,
  { isSpecial, maskId }: { isSpecial: (position: number) => boolean; maskId?: number },
): Permuted {
  const time = ids.length;
  const inputIds = Uint32Array.from(ids);
  const labels = new Int32Array(time).fill(IGNORE_INDEX);
  const permMask = new Uint8Array(time * time);
  // What is neither a target nor special comes before everything.
  const isTarget = (i: number): boolean => chosen[i] !== 0 && !isSpecial(i);
  const rank = Int32Array.from({ length: time }, (_, i) => {
    if (!isTarget(i) && !isSpecial(i)) return -1;
    return i < half.length ? half[i] : half.length + half[i - half.length];
  });
  // Where targets can be read, what saw a target must not be seen by it: special tokens have their place, too.
  const isOrdered = (i: number): boolean => isTarget(i) || (maskId === undefined && isSpecial(i));
  for (let j = 0; j < time; j++) {
    if (isTarget(j)) {
      labels[j] = ids[j];
      if (maskId !== undefined) inputIds[j] = maskId;
    }
    if (!isOrdered(j)) continue;
    for (let i = 0; i < time; i++) {
      // What is no target sees itself.
      const own = maskId === undefined && !isTarget(i) ? rank[i] + 1 : rank[i];
      permMask[i * time + j] = own <= rank[j] ? 1 : 0;
    }
  }
  return { inputIds, labels, permMask };
}

interface PermutationExample extends Permuted {
  /** The tokens before. */
  memory: Uint32Array;
}

export interface PermutationBatch {
  /** int64 [batch, memory], the tokens before; undefined where there are none. */
  memoryIds: Tensor | undefined;
  /** int64 [batch, time] */
  inputIds: Tensor;
  attentionMask: Tensor | undefined;
  /** [batch, time, time] */
  permMask: Tensor;
  /** [batch, targets, time] */
  targetMapping: Tensor;
  /** Of [batch, targets]. */
  targets: Targets;
}

/** @throws UserError when masks are asked for and the tokenizer has none */
export function permutation(
  { tokenizer, context }: ObjectiveContext,
  { probability = 1 / 6, maxSpan = 5, maskTargets = false, memory = 0 }: PermutationOptions = {},
): Objective<'tokens', PermutationExample, PermutationBatch> {
  const { specialTokens, maskTokenId } = tokenizer;
  if (maskTargets && maskTokenId === undefined) {
    throw usageError('TSLM_NO_MASK', 'the tokenizer has no mask token', 'set mask_token in tokenizer_config.json');
  }
  const maskId = maskTargets ? maskTokenId : undefined;
  const { before, after } = tokenizer.specialTokensAround();
  const around = before.length + after.length;
  // Both halves are put in the same order, so that there is an even number of tokens.
  const own = context - (context % 2) - around;
  return {
    name: 'permutation',
    rows: 'tokens',
    tasks: ['causalLM'],
    weights: { words: 1 },
    window: memory + own,
    overlap: memory,

    example({ ids: all }, random) {
      // What is too short for both is read, not remembered.
      const earlier = Math.max(0, Math.min(memory, all.length - own));
      const room = Math.min(own, all.length - earlier);
      const seen = all.subarray(earlier, earlier + room - ((room + around) % 2));
      const ids = [...before, ...seen, ...after];
      const chosen = drawTargets(ids.length, { probability, maxSpan }, random);
      const half = random.shuffle(Array.from({ length: ids.length / 2 }, (_, i) => i));
      return {
        ...applyPermutation(ids, chosen, half, { isSpecial: i => specialTokens.has(ids[i]), maskId }),
        memory: Uint32Array.from(all.subarray(0, earlier)),
      };
    },

    lengthOf: ({ inputIds, memory }) => memory.length + inputIds.length,

    batch(examples, device) {
      const rows = examples.map(({ inputIds }) => inputIds);
      const time = longest(rows);
      const places = examples.map(({ labels }) => [...labels.keys()].filter(i => labels[i] !== IGNORE_INDEX));
      const labels = examples.map((example, row) => places[row].map(i => example.labels[i]));
      const most = Math.max(1, longest(places));
      const permMask = new Float32Array(rows.length * time * time);
      const mapping = new Float32Array(rows.length * most * time);
      for (const [row, example] of examples.entries()) {
        const own = rows[row].length;
        for (let i = 0; i < own; i++) {
          permMask.set(example.permMask.subarray(i * own, (i + 1) * own), (row * time + i) * time);
        }
        for (const [target, place] of places[row].entries()) mapping[(row * most + target) * time + place] = 1;
      }
      const shape = [rows.length, time, time];
      // A memory has no padding: all see as much as the one that has least.
      const least = Math.min(...examples.map(({ memory }) => memory.length));
      const memories = examples.map(({ memory }) => memory.subarray(memory.length - least));
      return {
        memoryIds: least > 0 ? padRows(memories, 0, device) : undefined,
        inputIds: padRows(rows, tokenizer.padTokenId ?? 0, device),
        attentionMask: attentionMaskOf(rows, device),
        permMask: fromTypedArray(permMask, shape, { copy: false }).to({ device }),
        targetMapping: fromTypedArray(mapping, [rows.length, most, time], { copy: false }).to({ device }),
        targets: targetsOf(labels, device),
      };
    },

    counts: ({ targets: { count } }) => ({ words: count, accuracy: count }),

    means: (model, { memoryIds, targets, ...inputs }) =>
      scope(() => {
        const mems = memoryIds && memoriesOf(model, memoryIds);
        return wordMeans(model.head as LMHead, model.backbone.forward({ ...inputs, mems }).lastHiddenState, targets);
      }),
  };
}

/** What each layer reads of tokens: [memory, batch, hidden] each, without gradients. */
function memoriesOf({ backbone }: Model, inputIds: Tensor): Tensor[] {
  const { hiddenStates } = noGrad(() => backbone.forward({ inputIds, outputHiddenStates: true }));
  return hiddenStates!.slice(0, -1).map(state => state.transpose(0, 1));
}
