/**
 * How probable a model finds given texts, token by token. A decoder and an encoder–decoder read a text in one pass; texts
 * longer than a decoder's context in windows that overlap. A masked language model gives pseudo-log-likelihoods: each
 * token's given all others (Salazar et al. 2020, arXiv:1910.14659), a pass for each; so does a decoder, where asked for it, that
 * learnt masked next tokens (Charpentier & Samuel 2024, arXiv:2410.24159).
 */
import { Decoder } from '../../models/decoder.ts';
import { EncoderDecoder } from '../../models/encoder-decoder.ts';
import type { Model } from '../../models/model.ts';
import { usageError } from '../../support/errors.ts';
import { inferenceMode, scope, type Tensor } from '../../torch/index.ts';
import { int64, padMask, padRows } from '../sessions/session.ts';
import type { ScoreOptions } from './score-options.ts';
import { type Window, windowsOf } from './windows.ts';

export interface TokenScore {
  /** Its place in the text. */
  position: number;
  id: number;
  /** Natural logarithm of its probability. */
  logProb: number;
  /** The most probable tokens there, where asked for, best first. */
  top?: { id: number; logProb: number }[];
}

/**
 * @param texts token ids. A decoder's first token has nothing before it and no score; give it a start token
 * @returns for each text its tokens' scores, in order
 * @throws UserError when the model predicts no tokens, lacks what it needs, or a text is empty or too long
 */
export function scoreTokens(
  model: Model,
  texts: readonly ArrayLike<number>[],
  options: ScoreOptions = {},
): TokenScore[][] {
  const empty = texts.findIndex(({ length }) => length === 0);
  if (empty >= 0) throw usageError('TSLM_EMPTY_TEXT', `text ${empty + 1} has no tokens`, 'give at least one word');
  const windows = texts.flatMap((ids, text) => windowsOf(model, Array.from(ids), text, options));
  const scores = texts.map((): TokenScore[] => []);
  const batchSize = turnsByLength(model) ? 1 : (options.batchSize ?? 8);
  for (let start = 0; start < windows.length; start += batchSize) {
    const batch = windows.slice(start, start + batchSize);
    const found = scope(() => inferenceMode(() => scoreBatch(model, batch, options)));
    for (const [row, { text }] of batch.entries()) scores[text].push(...found[row]);
  }
  return scores;
}

/** Rotary angles that depend on the length would be those of the longest text in a batch. */
export function turnsByLength({ backbone }: Model): boolean {
  const reader = backbone.writer;
  return reader instanceof Decoder && reader.options.layers.some(({ attention }) => attention.rotary?.dynamic);
}

function scoreBatch(model: Model, batch: readonly Window[], options: ScoreOptions): TokenScore[][] {
  const { topK = 0 } = options;
  const { device } = model;
  const logits = logitsOf(model, batch, options);
  return batch.map(({ asked }, row) => {
    if (asked.length === 0) return [];
    const places = int64(
      asked.map(({ at }) => at),
      [asked.length],
      device,
    );
    const targets = int64(
      asked.map(({ id }) => id),
      [asked.length, 1],
      device,
    );
    const logProbs = logits.select(0, row).indexSelect(0, places).logSoftmax(-1); // [asked, vocab]
    const own = logProbs.gather(1, targets).toNumbers();
    const best = topK > 0 ? logProbs.topk(Math.min(topK, logProbs.size(-1))) : undefined;
    const [values, ids] = (best ?? []).map(part => part.toArray() as number[][]);
    return asked.map(({ position, id }, i) => ({
      position,
      id,
      logProb: own[i],
      ...(best && { top: values[i].map((logProb, k) => ({ id: Number(ids[i][k]), logProb })) }),
    }));
  });
}

/**
 * [batch, time, vocab]. Later tokens never change what a decoder says of earlier ones, unless it reads both ways: it needs no
 * mask for padding.
 */
function logitsOf(model: Model, batch: readonly Window[], { sources, masked }: ScoreOptions): Tensor {
  const { device, backbone, task } = model;
  const matrix = (rows: readonly (readonly number[])[]): Tensor =>
    int64(rows.flat(), [rows.length, rows[0].length], device);
  const inputs = batch.map(({ input }) => input);
  if (backbone instanceof EncoderDecoder) {
    const { padTokenId } = backbone.options;
    const read = batch.map(({ text }) => sources![text]);
    return model.forward({
      inputIds: matrix(padRows(read, 'right', padTokenId)),
      attentionMask: matrix(padMask(read, 'right')),
      decoderInputIds: matrix(padRows(inputs, 'right', padTokenId)),
    }).logits!;
  }
  const inputIds = matrix(padRows(inputs, 'right', 0));
  if (task === 'causalLM' && !masked) return model.forward({ inputIds }).logits!;
  const attentionMask = matrix(padMask(inputs, 'right'));
  const { logits, predictionLogits } = model.forward({
    inputIds,
    attentionMask,
    ...(task === 'causalLM' && { isCausal: false }),
  });
  return (logits ?? predictionLogits)!;
}
