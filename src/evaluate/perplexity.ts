/**
 * How well a causal model predicts a text: loss in nats a token, perplexity, and bits per byte, which compares models
 * whatever their tokenizers. A window slides over the text, so that every token but the first few is predicted from at
 * least `context − stride` tokens before it.
 */
import type { CorpusSplit } from '../data/corpus-split.ts';
import { IGNORE_INDEX } from '../models/losses.ts';
import type { Model } from '../models/model.ts';
import { requireCausal } from '../objectives/causal.ts';
import { UserError, usageError } from '../support/errors.ts';
import { autocast, type DType, fromTypedArray, inferenceMode, scope } from '../torch/index.ts';
import { crossEntropy } from '../torch/kernels.ts';

export interface Perplexity {
  /** Mean negative log-likelihood, nats a token. */
  loss: number;
  perplexity: number;
  /** Bits per UTF-8 byte of the text. */
  bitsPerByte: number;
  /** Tokens predicted. */
  tokens: number;
  bytes: number;
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
  /** Predict only the first so many tokens. */
  limit?: number;
  onProgress?: (tokensDone: number, tokens: number) => void;
}

/** @throws UserError when the split is empty or the window is longer than the model's context */
export function perplexity(model: Model, split: CorpusSplit, options: PerplexityOptions = {}): Perplexity {
  requireCausal(model, 'perplexity');
  const { maxPositions } = model;
  const context = options.context ?? maxPositions;
  const stride = options.stride ?? Math.max(1, Math.floor(context / 2));
  const { batchSize = 8, dtype = 'float32', startToken = null, limit = Number.POSITIVE_INFINITY } = options;
  if (context > maxPositions) {
    throw usageError(
      'TSLM_CONTEXT',
      `a window of ${context} is longer than the model's context of ${maxPositions}`,
      `use --context ${maxPositions} or less`,
    );
  }
  if (stride < 1 || stride > context) {
    throw usageError(
      'TSLM_STRIDE',
      `a stride of ${stride} would leave tokens out`,
      `use a stride between 1 and the window of ${context}`,
    );
  }
  // Sequence: the start token, if any, then the split. Position i of it predicts position i + 1.
  const lead = startToken === null ? 0 : 1;
  const used = Math.min(split.tokens, limit + 1 - lead);
  const predictions = used + lead - 1;
  if (predictions < 1) {
    throw new UserError('TSLM_EMPTY_SPLIT', 'there is nothing to evaluate: the split has no tokens', {
      hint: 'choose another --split, or prepare the corpus with a larger share for this one',
    });
  }

  const windows: { begin: number; end: number; firstScored: number }[] = [];
  for (let scored = 0; scored < predictions; ) {
    const end = Math.min(predictions, scored === 0 ? context : scored + stride);
    windows.push({ begin: Math.max(0, end - context), end, firstScored: scored });
    scored = end;
  }

  const { device } = model;
  let total = 0;
  let done = 0;
  model.eval();
  for (let w = 0; w < windows.length; w += batchSize) {
    const group = windows.slice(w, w + batchSize);
    const time = Math.max(...group.map(({ begin, end }) => end - begin));
    const inputs = new BigInt64Array(group.length * time);
    const targets = new BigInt64Array(group.length * time).fill(BigInt(IGNORE_INDEX));
    for (const [row, { begin, end, firstScored }] of group.entries()) {
      const withStart = begin === 0 && lead === 1;
      const tokens = split.read(withStart ? 0 : begin - lead, end - begin + (withStart ? 0 : 1));
      const at = (i: number): number => (withStart ? (i === 0 ? startToken! : tokens[i - 1]) : tokens[i]);
      for (let i = 0; i < end - begin; i++) {
        inputs[row * time + i] = BigInt(at(i));
        if (begin + i >= firstScored) targets[row * time + i] = BigInt(at(i + 1));
      }
    }
    total += scope(() =>
      inferenceMode(() =>
        autocast(dtype, () => {
          const shape = [group.length, time];
          const inputIds = fromTypedArray(inputs, shape).to({ device });
          const logits = model.forward({ inputIds, rawLogits: true }).logits!;
          const flat = fromTypedArray(targets, shape).to({ device }).view([-1]);
          const options = { reduction: 'sum', ignoreIndex: IGNORE_INDEX } as const;
          return crossEntropy(logits.view([-1, logits.size(-1)]), flat, options).item();
        }),
      ),
    );
    done = group.at(-1)!.end;
    options.onProgress?.(done, predictions);
  }
  const loss = total / predictions;
  const bytes = used === split.tokens ? split.bytes : Math.round((split.bytes * used) / split.tokens);
  return {
    loss,
    perplexity: Math.exp(loss),
    bitsPerByte: total / Math.LN2 / bytes,
    tokens: predictions,
    bytes,
  };
}
