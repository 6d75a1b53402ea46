/**
 * How probable a model finds given texts, token by token. A decoder and an encoder–decoder read a text in one pass; texts
 * longer than a decoder's context in windows that overlap. A masked language model gives pseudo-log-likelihoods: each
 * token's given all others (Salazar et al. 2020, arXiv:1910.14659), a pass for each.
 */
import { Decoder } from '../models/decoder.ts';
import { EncoderDecoder } from '../models/encoder-decoder.ts';
import type { Model } from '../models/model.ts';
import { UserError, usageError } from '../support/errors.ts';
import { inferenceMode, scope, type Tensor } from '../torch/index.ts';
import { contextOf } from './prompts.ts';
import { int64, padMask, padRows } from './stepper.ts';

export interface TokenScore {
  /** Its place in the text. */
  position: number;
  id: number;
  /** Natural logarithm of its probability. */
  logProb: number;
  /** The most probable tokens there, where asked for, best first. */
  top?: { id: number; logProb: number }[];
}

export interface ScoreOptions {
  /** What an encoder–decoder answers with each text: token ids. */
  sources?: readonly ArrayLike<number>[];
  /** Report so many of the most probable tokens at each place. Default 0. */
  topK?: number;
  /** Texts in a forward pass. Default 8. */
  batchSize?: number;
  /** Tokens that a window moves on over a text that is longer than a decoder's context. Default half the context. */
  stride?: number;
  /** What stands in place of a token that a masked language model is to find. */
  maskTokenId?: number;
  /** Tokens that a masked language model is not asked for: special ones. Default none. */
  skippedIds?: readonly number[];
}

/** Something to read, and the places of it where a token is asked for. */
interface Passage {
  text: number;
  input: readonly number[];
  asked: { at: number; position: number; id: number }[];
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
  const passages = texts.flatMap((ids, text) => passagesOf(model, Array.from(ids), text, options));
  const scores = texts.map((): TokenScore[] => []);
  const batchSize = turnsByLength(model) ? 1 : (options.batchSize ?? 8);
  for (let start = 0; start < passages.length; start += batchSize) {
    const batch = passages.slice(start, start + batchSize);
    const found = scope(() => inferenceMode(() => scoreBatch(model, batch, options)));
    for (const [row, { text }] of batch.entries()) scores[text].push(...found[row]);
  }
  return scores;
}

function passagesOf(model: Model, ids: number[], text: number, options: ScoreOptions): Passage[] {
  const { backbone, task, family } = model;
  if (backbone instanceof EncoderDecoder && task === 'seq2seqLM') {
    checkLength(ids, contextOf(backbone.decoder, { beyondContext: true }), text);
    if (!options.sources?.[text]?.length) {
      throw usageError('TSLM_BAD_INPUT', 'an encoder–decoder scores answers, and there is no input', "give 'sources'");
    }
    checkLength(options.sources[text], contextOf(backbone.encoder, { beyondContext: true }), text);
    const input = [backbone.options.decoderStartTokenId, ...ids.slice(0, -1)];
    return [{ text, input, asked: ids.map((id, position) => ({ at: position, position, id })) }];
  }
  if (backbone instanceof Decoder && task === 'causalLM') return windows(ids, text, backbone.maxPositions, options);
  if (task === 'maskedLM') return maskings(ids, text, backbone.maxPositions, options);
  throw new UserError('TSLM_NOT_SUPPORTED', `a ${family.modelType} model (${task}) does not score texts`, {
    hint: 'use a decoder, an encoder–decoder or a masked language model',
  });
}

/** Every token but the first once, after at least context − stride others where there are so many. */
function windows(ids: number[], text: number, context: number, { stride }: ScoreOptions): Passage[] {
  const step = stride ?? Math.max(1, Math.floor(context / 2));
  if (step < 1 || step > context) {
    throw usageError(
      'TSLM_STRIDE',
      `a stride of ${step} would leave tokens out`,
      `use a stride between 1 and the context of ${context}`,
    );
  }
  const passages: Passage[] = [];
  for (let scored = 1; scored < ids.length; ) {
    const end = Math.min(ids.length, scored === 1 ? context + 1 : scored + step);
    const begin = Math.max(0, end - 1 - context);
    const asked = ids.slice(scored, end).map((id, i) => ({ at: scored + i - 1 - begin, position: scored + i, id }));
    passages.push({ text, input: ids.slice(begin, end - 1), asked });
    scored = end;
  }
  return passages;
}

function maskings(
  ids: number[],
  text: number,
  context: number,
  { maskTokenId, skippedIds = [] }: ScoreOptions,
): Passage[] {
  if (maskTokenId === undefined) {
    throw usageError('TSLM_BAD_INPUT', 'a masked language model needs its mask token', "give 'maskTokenId'");
  }
  checkLength(ids, context, text);
  return ids.flatMap((id, position) =>
    skippedIds.includes(id)
      ? []
      : [{ text, input: ids.with(position, maskTokenId), asked: [{ at: position, position, id }] }],
  );
}

function checkLength({ length }: ArrayLike<number>, context: number, text: number): void {
  if (length <= context) return;
  throw usageError(
    'TSLM_TEXT_TOO_LONG',
    `text ${text + 1} has ${length} tokens, the model reads ${context}`,
    'shorten it, or use a model with a longer context',
  );
}

/** Rotary angles that depend on the length would be those of the longest text in a batch. */
function turnsByLength({ backbone }: Model): boolean {
  const reader = backbone instanceof EncoderDecoder ? backbone.decoder : backbone;
  return reader instanceof Decoder && reader.options.layers.some(({ attention }) => attention.rotary?.dynamic);
}

function scoreBatch(model: Model, batch: readonly Passage[], { sources, topK = 0 }: ScoreOptions): TokenScore[][] {
  const { device } = model;
  const logits = logitsOf(model, batch, sources);
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

/** [batch, time, vocab]. Later tokens never change what a decoder says of earlier ones, so it needs no mask for padding. */
function logitsOf(model: Model, batch: readonly Passage[], sources: ScoreOptions['sources']): Tensor {
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
  return model.forward({ inputIds, attentionMask: task === 'maskedLM' ? matrix(padMask(inputs, 'right')) : undefined })
    .logits!;
}
