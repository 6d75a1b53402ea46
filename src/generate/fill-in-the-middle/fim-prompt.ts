/** A prefix and a suffix in the order and between the tokens that models for filling in the middle were trained with. */

import { type FimTokens, fimTokens } from '../../tokenizers/fim-tokens.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';

/** What stands before and after the place to be filled. */
export interface Gap {
  prefix: string;
  suffix: string;
}

/**
 * psm: prefix, suffix, middle. spm: suffix, prefix, middle, where a model was trained for that, too; the middle's token
 * then stands before the prefix, which the answer continues.
 */
export type FimOrder = 'psm' | 'spm';

/** @throws UserError when the tokenizer has no tokens for it */
export function fimPrompt(tokenizer: Tokenizer, gap: Gap, order: FimOrder = 'psm'): number[] {
  const tokens = fimTokens(tokenizer);
  const { ids, sequenceIds } = tokenizer.encode('a');
  const start = ids.slice(0, sequenceIds.indexOf(0));
  const prefix = encodePlain(tokenizer, gap.prefix, tokens, false);
  const suffix = encodePlain(tokenizer, gap.suffix, tokens, true);
  return order === 'psm'
    ? [...start, tokens.prefix, ...prefix, tokens.suffix, ...suffix, tokens.middle]
    : [...start, tokens.prefix, tokens.suffix, ...suffix, tokens.middle, ...prefix];
}

/** The tokenizer puts a space before every text (SentencePiece). */
export const putsSpaceInFront = (tokenizer: Tokenizer): boolean =>
  tokenizer.encode('a', { addSpecialTokens: false }).tokens[0]?.startsWith('▁') ?? false;

/** Ids of a text as it stands, in which the spellings of the tokens are cut, so that they are text, too. */
function encodePlain(tokenizer: Tokenizer, text: string, { spellings }: FimTokens, continues: boolean): number[] {
  const parts = spellings.reduce(
    (texts, spelling) =>
      texts.flatMap(part =>
        part
          .split(spelling)
          .flatMap((piece, i) => (i === 0 ? [piece] : [spelling.slice(0, 1), spelling.slice(1) + piece])),
      ),
    [text],
  );
  return parts.flatMap((part, i) =>
    continues || i > 0 ? encodeContinued(tokenizer, part) : tokenizer.encode(part, { addSpecialTokens: false }).ids,
  );
}

/** Ids of a text that continues another: without the space in front. */
function encodeContinued(tokenizer: Tokenizer, text: string): number[] {
  if (text === '' || !putsSpaceInFront(tokenizer)) return tokenizer.encode(text, { addSpecialTokens: false }).ids;
  // Encoded after something that does not grow together with what follows, and cut off there.
  for (const anchor of ['☺', '\n', 'a', '.']) {
    const { ids, starts } = tokenizer.encode(anchor + text, { addSpecialTokens: false });
    const cut = starts.findIndex(start => start >= 1);
    if (starts[cut] === 1) return ids.slice(cut);
  }
  return tokenizer.encode(text, { addSpecialTokens: false }).ids;
}
