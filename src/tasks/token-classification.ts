/**
 * Labels for the tokens of a text, such as names and places, as Transformers' `token-classification` pipeline gives them.
 * Offsets count code points, as those of encodings do.
 */
import { marginals, type Transitions, transitionsOf, viterbi } from '../models/crf.ts';
import type { Model } from '../models/model.ts';
import { usageError } from '../support/errors.ts';
import type { Encoding } from '../tokenizers/encode/encoding.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { type Aggregation, aggregate, type Entity, type LabelledToken, withoutOverlaps } from './entities.ts';
import { checkReadsText, inBatches, maxInputLength, type ReadingOptions, tooLong } from './inputs.ts';
import { checkTask, labelsOf } from './labels.ts';
import { rowsOf } from './text-classification.ts';
import { windowsOf } from './windows.ts';

export interface TokenClassificationOptions extends ReadingOptions {
  /** Default `none`: each token by itself. */
  aggregation?: Aggregation;
  /** Left out of the result. Default `O`, outside of everything. */
  ignoreLabels?: readonly string[];
  /**
   * A text that is longer than the model reads is read in parts that overlap by this many tokens, and entities are joined; not
   * with `none`.
   */
  stride?: number;
}

export interface TokenClassification {
  entities: Entity[];
  /** Tokens that were read. */
  tokens: number;
}

/** @throws UserError when the model does not label tokens, or the text is too long and may be neither cut nor read in parts */
export function classifyTokens(
  model: Model,
  tokenizer: Tokenizer,
  text: string,
  { aggregation = 'none', ignoreLabels = ['O'], stride, truncate = false }: TokenClassificationOptions = {},
): TokenClassification {
  checkTask(model, ['tokenClassification'], 'label tokens');
  checkReadsText(model);
  if (stride !== undefined && aggregation === 'none') {
    throw usageError(
      'TSLM_CONTRADICTION',
      "'stride' joins entities, and 'none' makes none of them",
      "choose another 'aggregation', or leave 'stride' out",
    );
  }
  const maxLength = maxInputLength(model, tokenizer);
  const truncation = truncate && stride === undefined && Number.isFinite(maxLength);
  const whole = tokenizer.encode(text, { truncation, maxLength });
  if (whole.length === 0) return { entities: [], tokens: 0 };
  if (stride === undefined && whole.length > maxLength) throw tooLong(1, whole.length, maxLength);
  const parts = stride === undefined ? [whole] : windowsOf(whole, 0, { maxLength, stride });
  const characters = [...text];
  const transitions = transitionsOf(model);
  const scores = inBatches(model, parts, ({ inputs, indices, starts }) => {
    const logits = model.forward(inputs).logits!;
    return (transitions ? logits : logits.softmax(-1)).unbind().map((row, r) => {
      const part = parts[indices[r]];
      const own = rowsOf(row).slice(starts[r], starts[r] + part.length);
      return transitions ? inSequence(own, part, transitions) : own;
    });
  });
  const found = parts
    .flatMap((part, i) =>
      aggregate(labelledTokens(part, scores[i], characters, tokenizer), aggregation, {
        labels: labelsOf(model, scores[i][0].length),
        join: tokens => tokenizer.joinTokens(tokens),
      }),
    )
    .filter(({ label }) => !ignoreLabels.includes(label));
  return {
    entities: parts.length > 1 ? withoutOverlaps(found) : found,
    tokens: parts.reduce((sum, { length }) => sum + length, 0),
  };
}

/**
 * Probabilities of labels in a sequence of words, those of a word at all of its tokens. The best sequence decides: where another label
 * is likelier at its place, the two change places.
 */
function inSequence(
  logits: readonly (readonly number[])[],
  { wordIds, specialTokensMask }: Encoding,
  transitions: Transitions,
): number[][] {
  const firsts = [...logits.keys()].filter(
    i => specialTokensMask[i] === 0 && (wordIds[i] === null || wordIds[i] !== wordIds[i - 1]),
  );
  const words = firsts.map(i => logits[i]);
  const best = viterbi(words, transitions);
  const found = marginals(words, transitions).map((row, w) => {
    const likeliest = row.indexOf(Math.max(...row));
    const own = [...row];
    [own[best[w]], own[likeliest]] = [row[likeliest], row[best[w]]];
    return own;
  });
  let word = -1;
  return logits.map((row, i) => {
    if (firsts[word + 1] === i) word++;
    return found[Math.max(0, word)] ?? [...row];
  });
}

/** The tokens of a text, without special ones. */
function labelledTokens(
  { ids, tokens, starts, ends, specialTokensMask }: Encoding,
  scores: readonly number[][],
  characters: readonly string[],
  tokenizer: Tokenizer,
): LabelledToken[] {
  const textOf = (from: number, to: number): string => characters.slice(from, to).join('');
  const marksContinuation = hasContinuingPrefix(tokenizer);
  return [...ids.keys()]
    .filter(i => specialTokensMask[i] === 0)
    .map(i => {
      const [start, end] = [starts[i], ends[i]];
      const written = textOf(start, end);
      const isUnknown = ids[i] === tokenizer.unkTokenId;
      const continues = marksContinuation
        ? [...tokens[i]].length !== end - start
        : start > 0 && !textOf(start - 1, start + 1).includes(' ');
      return {
        index: i,
        word: isUnknown ? written : tokens[i],
        scores: scores[i],
        start,
        end,
        isSubword: continues && !isUnknown,
      };
    });
}

/** Whether tokens within a word are written with a prefix, as WordPiece does. */
function hasContinuingPrefix(tokenizer: Tokenizer): boolean {
  const { model } = tokenizer.toJSON() as { model: { continuing_subword_prefix?: string | null } };
  return Boolean(model.continuing_subword_prefix);
}
