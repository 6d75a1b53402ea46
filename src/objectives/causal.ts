/**
 * Causal language modelling: each position predicts the next token (Bengio et al. 2003; Radford et al. 2018). A window holds
 * documents one after another; packed so that they do not see each other, each is predicted as if it were alone, and
 * positions count from its start (Krell et al. 2021, arXiv:2107.02027).
 */
import { z } from 'zod';
import type { Tokens } from '../data/rows/rows.ts';
import { LMHead } from '../models/heads/lm.ts';
import { IGNORE_INDEX, tokenLoss } from '../models/losses.ts';
import type { Model } from '../models/model.ts';
import { usageError } from '../support/errors.ts';
import { fimTokens } from '../tokenizers/fim-tokens.ts';
import { type Device, int64Tensor, scope, type Tensor } from '../torch/index.ts';
import { fillInTheMiddle, fillInTheMiddleKeys } from './fill-in-the-middle.ts';
import type { Means, Objective, ObjectiveContext } from './objective.ts';
import { unlikelihood } from './smoothing.ts';
import { squaredLogZ, zLossKeys } from './z-loss.ts';

export interface CausalExample {
  /** One more than the positions of the input. */
  ids: Tokens;
  /** Where the inputs of a document begin, rising. */
  starts: readonly number[];
  /** Positions whose next token is another document's. */
  ends: readonly number[];
}

export interface CausalBatch {
  /** int64 [batch, time] */
  inputIds: Tensor;
  /** int64 [batch, time]: the token after each input, −100 where it is another document's */
  targets: Tensor;
  /** int64 [batch, time]: where the document of each position begins; absent where no window holds two */
  documentStarts?: Tensor;
  /** Targets that count. */
  words: number;
}

export const causalOptions = z.strictObject({
  name: z.literal('causal'),
  /** Documents whose middle is written at their end, as a share, and how. Default: none. */
  fillInTheMiddle: z.strictObject(fillInTheMiddleKeys).optional(),
  /** ε of label smoothing (Szegedy et al. 2016, 7): a term of its own, and all logits of a batch in memory. */
  labelSmoothing: z.number().min(0).lt(1).default(0),
  ...zLossKeys,
});

/** Options of causal language modelling; each is explained in docs/OBJECTIVES.md. */
export type CausalOptions = Partial<Omit<z.output<typeof causalOptions>, 'name'>>;

/** What causal language modelling takes of the context of an objective. */
export type CausalContext = Pick<ObjectiveContext, 'context' | 'packing' | 'endBegins'> &
  Partial<Pick<ObjectiveContext, 'tokenizer'>>;

/** Throws a usage error for a model that does not predict the next token from those before it. */
export function requireCausal({ task, backbone, family }: Model, where: string): void {
  if (task === 'causalLM' && backbone.kind === 'decoder') return;
  throw usageError(
    'TSLM_NOT_CAUSAL',
    `${where}: a ${family.modelType} model (${task}) does not predict the next token from those before it`,
    'use a decoder with a language-model head: gpt2, llama, qwen3 …',
  );
}

/** Throws a usage error for a model that cannot keep the documents of a window apart. */
export function requireIsolation({ backbone, family }: Model, where: string): void {
  if (backbone.isolatesDocuments) return;
  throw usageError(
    'TSLM_CANNOT_ISOLATE',
    `${where}: the attention of this ${family.modelType} model cannot keep the documents of a window apart`,
    'take data.packing: stream, with which a window is one text',
  );
}

/** @throws UserError when middles are to be filled in, and the tokenizer has no tokens for it */
export function causal(
  { context, packing = 'stream', endBegins = false, tokenizer }: CausalContext,
  { fillInTheMiddle: fim, labelSmoothing = 0, zLoss = 0 }: CausalOptions = {},
): Objective<'tokens', CausalExample, CausalBatch> {
  const tokens = fim && fimTokens(tokenizer!);
  const isEnd = (id: number): boolean => id === tokenizer?.eosTokenId;
  return {
    name: 'causal',
    rows: 'tokens',
    tasks: ['causalLM'],
    weights: {
      words: 1 - labelSmoothing,
      ...(labelSmoothing > 0 && { smoothing: labelSmoothing }),
      ...(zLoss > 0 && { zLoss }),
    },
    window: context + 1,
    overlap: 1,

    example(row, random) {
      const { ids, starts } = tokens ? fillInTheMiddle(row, tokens, isEnd, fim, random) : row;
      const cut = ids.subarray(0, context + 1);
      return { ids: cut, ...(packing === 'stream' ? WHOLE : bordersOf(starts, endBegins)) };
    },

    lengthOf: ({ ids }) => ids.length - 1,

    batch(examples, device) {
      const time = Math.max(...examples.map(({ ids }) => ids.length)) - 1;
      const shape = [examples.length, time];
      const inputs = new Float64Array(examples.length * time);
      const targets = new Float64Array(examples.length * time).fill(IGNORE_INDEX);
      let words = 0;
      for (const [row, { ids, ends }] of examples.entries()) {
        inputs.set(ids.subarray(0, -1), row * time);
        targets.set(ids.subarray(1), row * time);
        const hidden = ends.filter(end => end < ids.length - 1);
        for (const end of hidden) targets[row * time + end] = IGNORE_INDEX;
        words += ids.length - 1 - hidden.length;
      }
      const isOne = examples.every(({ starts }) => starts.every(start => start === 0 || start >= time));
      return {
        inputIds: int64Tensor(inputs, shape, { device }),
        targets: int64Tensor(targets, shape, { device }),
        documentStarts: isOne ? undefined : documentStartsOf(examples, time, device),
        words,
      };
    },

    counts: ({ words }) => ({
      words,
      ...(labelSmoothing > 0 && { smoothing: words }),
      ...(zLoss > 0 && { zLoss: words }),
    }),

    means(model, { inputIds, targets, documentStarts, words }) {
      // What autograd does not keep of the way to the loss is not to wait for the end of the step.
      return scope((): Means => {
        const { backbone, head } = model;
        const inputs = { inputIds, documentStarts };
        if (labelSmoothing > 0 || zLoss > 0) {
          const logits = model.forward(inputs).logits!;
          const counted = targets.ne(IGNORE_INDEX);
          const mean = (values: Tensor): Tensor => values.mul(counted).sum().div(words);
          return {
            words: tokenLoss(logits, targets),
            ...(labelSmoothing > 0 && { smoothing: mean(unlikelihood(logits)) }),
            ...(zLoss > 0 && { zLoss: mean(squaredLogZ(logits)) }),
          };
        }
        if (head instanceof LMHead) return { words: head.loss(backbone.forward(inputs).lastHiddenState, targets) };
        return { words: tokenLoss(model.forward({ ...inputs, rawLogits: true }).logits!, targets) };
      });
    },
  };
}

const WHOLE = { starts: [], ends: [] };

/**
 * Where the inputs of documents begin that do not see each other, and positions whose next token is another document's.
 *
 * @param starts where documents begin in the window
 */
export function bordersOf(starts: readonly number[], endBegins: boolean): Pick<CausalExample, 'starts' | 'ends'> {
  const inner = starts.filter(start => start > 0);
  const before = inner.map(start => start - 1);
  return endBegins ? { starts: before, ends: [] } : { starts: inner, ends: before };
}

/** int64 [batch, time]: where the document of each position begins */
export function documentStartsOf(
  examples: readonly Pick<CausalExample, 'starts'>[],
  time: number,
  device: Device,
): Tensor {
  const result = new Float64Array(examples.length * time);
  for (const [row, { starts }] of examples.entries()) {
    for (const [i, start] of starts.entries()) {
      result.fill(start, row * time + start, row * time + Math.min(starts[i + 1] ?? time, time));
    }
  }
  return int64Tensor(result, [examples.length, time], { device });
}
