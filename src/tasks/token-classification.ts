/**
 * Labels for the tokens of a text, such as names and places, as Transformers' `token-classification` pipeline gives them.
 * Offsets count code points, as those of encodings do.
 */
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
   * A text that is longer than the model reads is read in parts that share so many tokens, and entities are joined; not
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
  const scores = inBatches(model, parts, ({ inputs, indices, starts }) =>
    model
      .forward(inputs)
      .logits!.softmax(-1)
      .unbind()
      .map((row, r) => rowsOf(row).slice(starts[r], starts[r] + parts[indices[r]].length)),
  );
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
