/**
 * What every task does first: texts become tokens, cut to what the model reads, and tokens become batches of texts of
 * about the same length.
 */
import { checkIds } from '../generate/prompt/prompt-checks.ts';
import { contextOf } from '../generate/prompt/prompts.ts';
import { int64, padMask, padRows } from '../generate/sessions/session.ts';
import { Encoder } from '../models/encoder.ts';
import type { Model, ModelInputs } from '../models/model.ts';
import { readsSegments } from '../models/segments.ts';
import { UserError, usageError } from '../support/errors.ts';
import { modelMaxLength } from '../tokenizers/folders/tokenizer-config.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { inferenceMode, scope } from '../torch/index.ts';

/** A text, two that are read together, or tokens. */
export type TaskInput = string | readonly [text: string, pair: string] | readonly number[];

export interface EncodedInput {
  readonly ids: readonly number[];
  /** The segment of each token. */
  readonly typeIds?: readonly number[];
}

/** Whether the model reads text, and not images. */
export function readsText(model: Model): boolean {
  const { reader } = model.backbone;
  return !(reader instanceof Encoder) || 'word' in reader.embeddings;
}

/** @throws UserError when the model reads images */
export function checkReadsText(model: Model): void {
  if (readsText(model)) return;
  throw new UserError('TSLM_READS_IMAGES', `this ${model.family.modelType} model reads images, not text`, {
    hint: 'use a model of text for this task',
  });
}

/** Most tokens of an input: what model and tokenizer are made for. */
export const maxInputLength = (model: Model, tokenizer: Tokenizer): number =>
  Math.min(contextOf(model.backbone.reader, {}), modelMaxLength(tokenizer.config) ?? Number.POSITIVE_INFINITY);

export interface ReadingOptions {
  /** Read only the beginning of what is longer than the model reads. Default false: an error, as its end would go unseen. */
  truncate?: boolean;
}

export interface EncodeOptions extends ReadingOptions {
  /** Tokens in front of each text. */
  prefixIds?: readonly number[];
  /** Number of the first input in what errors say. Default 0. */
  first?: number;
}

/**
 * Tokens of each input with the special tokens that the model expects. Inputs that are tokens already are taken as they are.
 *
 * @throws UserError when an input is no text, has no tokens, has too many and may not be cut, or an id is not in the vocabulary
 */
export function encodeInputs(
  model: Model,
  tokenizer: Tokenizer,
  inputs: readonly TaskInput[],
  { prefixIds = [], truncate = false, first = 0 }: EncodeOptions = {},
): EncodedInput[] {
  checkReadsText(model);
  const mostTokens = maxInputLength(model, tokenizer);
  const maxLength = mostTokens - prefixIds.length;
  const options = truncate && Number.isFinite(maxLength) ? { truncation: true, maxLength } : {};
  const withPrefix = (encoding: EncodedInput): EncodedInput =>
    prefixIds.length === 0 ? encoding : { ids: [...prefixIds, ...encoding.ids] };
  const encoded = inputs.map((input, i): EncodedInput => {
    if (!isInput(input)) throw noText(input, first + i + 1);
    if (typeof input === 'string') return withPrefix(tokenizer.encode(input, options));
    if (typeof input[0] !== 'string') return { ids: (input as readonly number[]).slice(0, options.maxLength) };
    const [text, pair] = input as readonly [string, string];
    return tokenizer.encode(text, { ...options, pair });
  });
  const empty = encoded.findIndex(({ ids }) => ids.length === 0);
  if (empty >= 0) {
    throw usageError('TSLM_EMPTY_INPUT', `input ${first + empty + 1} has no tokens`, 'give a text that is not empty');
  }
  const long = encoded.findIndex(({ ids }) => ids.length > mostTokens);
  if (long >= 0) throw tooLong(first + long + 1, encoded[long].ids.length, mostTokens);
  checkIds(
    encoded.map(({ ids }) => ids),
    model.backbone.reader,
  );
  return encoded;
}

const isInput = (given: unknown): boolean => typeof given === 'string' || Array.isArray(given);

const noText = (input: unknown, number: number): UserError =>
  usageError('TSLM_BAD_INPUT', `input ${number} is of type ${input === null ? 'null' : typeof input}`, 'give a text');

/** @param number of the input, from 1 */
export const tooLong = (number: number, tokens: number, mostTokens: number): UserError =>
  usageError(
    'TSLM_TOO_LONG',
    `input ${number} has ${tokens} tokens, and the model reads ${mostTokens}`,
    'shorten it, or ask for its beginning alone with truncate: true',
  );

/** Most texts of a batch, and most tokens with padding, unless one text has more. */
const MOST = { texts: 32, tokens: 4096 };

/** Texts that the model reads together. */
export interface Batch {
  inputs: ModelInputs & Required<Pick<ModelInputs, 'inputIds'>>;
  /** Which of the inputs its rows are. */
  indices: readonly number[];
  /** Where the tokens of a row begin, behind padding. */
  starts: readonly number[];
}

/**
 * Runs `read` over all inputs, those of about the same length together.
 *
 * @param read gives one result for each row of the batch; its tensors are freed afterwards
 * @returns in the order of the inputs
 */
export function inBatches<Result>(
  model: Model,
  encoded: readonly EncodedInput[],
  read: (batch: Batch) => readonly Result[],
): Result[] {
  const results = new Array<Result>(encoded.length);
  for (const indices of groupsOf(encoded, mostTexts(model))) {
    const rows = scope(() => inferenceMode(() => read(batchOf(model, encoded, indices))));
    for (const [row, index] of indices.entries()) results[index] = rows[row];
  }
  return results;
}

/** A classifier that reads a text's last token, and is not told what padding is, finds it in one text alone. */
const mostTexts = ({ backbone, config, task }: Model): number =>
  backbone.kind === 'decoder' && task === 'sequenceClassification' && config.pad_token_id == null ? 1 : MOST.texts;

/** The longest first. */
function groupsOf(encoded: readonly EncodedInput[], most: number): number[][] {
  const byLength = [...encoded.keys()].sort((a, b) => encoded[b].ids.length - encoded[a].ids.length);
  const groups: number[][] = [];
  for (const index of byLength) {
    const group = groups.at(-1);
    const size = group ? (group.length + 1) * encoded[group[0]].ids.length : 0;
    if (group && group.length < most && size <= MOST.tokens) group.push(index);
    else groups.push([index]);
  }
  return groups;
}

function batchOf(model: Model, encoded: readonly EncodedInput[], indices: readonly number[]): Batch {
  const { device, config, backbone } = model;
  // XLNet reads the end of a text; all others count positions from its beginning.
  const side = backbone.kind === 'twoStream' ? 'left' : 'right';
  const pad = typeof config.pad_token_id === 'number' ? config.pad_token_id : 0;
  const rows = indices.map(index => encoded[index].ids);
  const ids = padRows(rows, side, pad);
  const mask = padMask(rows, side);
  const shape = [ids.length, ids[0].length];
  const typeIds = indices.map(index => encoded[index].typeIds ?? encoded[index].ids.map(() => 0));
  const isPadded = mask.some(row => row.includes(0));
  return {
    indices,
    starts: rows.map(row => (side === 'left' ? shape[1] - row.length : 0)),
    inputs: {
      inputIds: int64(ids.flat(), shape, device),
      ...(isPadded && { attentionMask: int64(mask.flat(), shape, device) }),
      ...(readsSegments(model) && { tokenTypeIds: int64(padRows(typeIds, side, 0).flat(), shape, device) }),
    },
  };
}

/** Tokens of all inputs together. */
export const countTokens = (encoded: readonly EncodedInput[]): number =>
  encoded.reduce((sum, { ids }) => sum + ids.length, 0);
