/**
 * How well a causal model predicts a text: loss in nats a token, perplexity, and bits per byte, which compares models
 * whatever their tokenizers. A window slides over the text, so that every token but the first few is predicted from at
 * least `context − stride` tokens before it.
 */
import type { CorpusSplit } from '../data/corpus/corpus-split.ts';
import { IGNORE_INDEX } from '../models/losses.ts';
import type { Model } from '../models/model.ts';
import { requireCausal, requireIsolation } from '../objectives/causal.ts';
import type { Packing } from '../objectives/objective.ts';
import { UserError, usageError } from '../support/errors.ts';
import { strideOver } from '../support/sliding-windows.ts';
import { unknownBits } from '../tokenizers/encode/unknown.ts';
import { autocast, type DType, inferenceMode, int64Tensor, scope } from '../torch/index.ts';
import { crossEntropy } from '../torch/kernels.ts';
import { evaluationWindows } from './windows.ts';

export interface Perplexity {
  /** Mean negative log-likelihood, nats a token. */
  loss: number;
  perplexity: number;
  /** Bits per UTF-8 byte of the text; what unknown tokens stand for is charged as `unknownBits` says. */
  bitsPerByte: number;
  /** Bits per Unicode code point of the text. */
  bitsPerCharacter: number;
  /** Tokens predicted. */
  tokens: number;
  /** Tokens of the text that stand for what the tokenizer does not know. */
  unknown: number;
  bytes: number;
  characters: number;
}

export interface PerplexityOptions {
  /** Positions in a window; default the model's context. */
  context?: number;
  /** Tokens that the window moves on; default half the context. The context itself: windows side by side, fastest. */
  stride?: number;
  /** Windows in a forward pass; default 8. */
  batchSize?: number;
  /** Element type of matrix products; default float32. */
  dtype?: DType;
  /** The token that the text is taken to follow, so that its first token is predicted too. Default: it is not. */
  startToken?: number | null;
  /**
   * The tokens that every document begins with, such as a BOS token: they are not predicted, and stand before every window
   * as well, because models that know them expect them there. They take the place of `startToken`. Default: none.
   */
  prefix?: readonly number[];
  /**
   * How documents share a window, as in training: `documents` do not see each other, and each is predicted after `startToken`
   * or its prefix; `stream`: a window is one text. Default `stream`.
   */
  packing?: Packing;
  /** Predict only the first n tokens. */
  limit?: number;
  onProgress?: (tokensDone: number, tokens: number) => void;
}

/** @throws UserError when the split is empty or the window is longer than the model's context */
export function perplexity(model: Model, split: CorpusSplit, options: PerplexityOptions = {}): Perplexity {
  requireCausal(model, 'perplexity');
  const { maxPositions } = model;
  const context = options.context ?? maxPositions;
  const { batchSize = 8, dtype = 'float32', startToken = null, limit = Number.POSITIVE_INFINITY } = options;
  const isolates = options.packing === 'documents';
  if (isolates) requireIsolation(model, 'perplexity');
  if (context > maxPositions) {
    throw usageError(
      'TSLM_CONTEXT',
      `a window of ${context} is longer than the model's context of ${maxPositions}`,
      `use --context ${maxPositions} or less`,
    );
  }
  const stride = strideOver(context, options.stride);
  const { prefix = [] } = options;
  const lead = startToken !== null || prefix.length > 0 ? 1 : 0;
  const used = Math.min(split.tokens, limit + 1 - lead);
  const windows = evaluationWindows(split, used, { context, stride, startToken, prefix });
  const predictions = windows.reduce((sum, { scored }) => sum + scored.length, 0);
  if (predictions < 1) {
    throw new UserError('TSLM_EMPTY_SPLIT', 'there is nothing to evaluate: the split has no tokens', {
      hint: 'choose another --split, or prepare the corpus with a larger share for this one',
    });
  }

  const { device } = model;
  let total = 0;
  let done = 0;
  model.eval();
  for (let w = 0; w < windows.length; w += batchSize) {
    const group = windows.slice(w, w + batchSize);
    const time = Math.max(...group.map(({ before, begin, end }) => before.length + end - 1 - begin));
    const inputs = new Float64Array(group.length * time);
    const targets = new Float64Array(group.length * time).fill(IGNORE_INDEX);
    const starts = new Float64Array(isolates ? group.length * time : 0);
    for (const [row, { before, begin, end, scored }] of group.entries()) {
      // The last token is predicted and not read.
      const tokens = split.read(begin, end - begin);
      const place = row * time + before.length - begin;
      before.forEach((id, i) => {
        inputs[row * time + i] = id;
      });
      for (let at = begin; at < end - 1; at++) inputs[place + at] = tokens[at - begin];
      for (const at of scored) targets[place + at - 1] = tokens[at - begin];
      if (isolates) {
        // Without a prefix a document begins with the end-of-text token of the one before.
        const shared = prefix.length > 0 ? 0 : 1;
        for (const start of split.documentStarts(begin, end - begin)) {
          const first = start + before.length - shared;
          if (first > 0 && first < time) starts.fill(first, row * time + first, (row + 1) * time);
        }
      }
      done += scored.length;
    }
    total += scope(() =>
      inferenceMode(() =>
        autocast(dtype, () => {
          const shape = [group.length, time];
          const inputIds = int64Tensor(inputs, shape, { device });
          const documentStarts = isolates ? int64Tensor(starts, shape, { device }) : undefined;
          const logits = model.forward({ inputIds, documentStarts, rawLogits: true }).logits!;
          const flat = int64Tensor(targets, shape, { device }).view([-1]);
          const options = { reduction: 'sum', ignoreIndex: IGNORE_INDEX } as const;
          return crossEntropy(logits.view([-1, logits.size(-1)]), flat, options).item();
        }),
      ),
    );
    options.onProgress?.(done, predictions);
  }
  const loss = total / predictions;
  const share = used / split.tokens;
  const bytes = share === 1 ? split.bytes : Math.round(split.bytes * share);
  const characters = share === 1 ? split.characters : Math.round(split.characters * share);
  const bits = total / Math.LN2 + share * unknownBits(split.unknown);
  return {
    loss,
    perplexity: Math.exp(loss),
    bitsPerByte: bits / bytes,
    bitsPerCharacter: bits / characters,
    tokens: predictions,
    unknown: Math.round(share * split.unknown.tokens),
    bytes,
    characters,
  };
}
