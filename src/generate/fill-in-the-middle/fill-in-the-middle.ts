/**
 * Filling in the middle (Bavarian et al. 2022, arXiv:2207.14255): a decoder that was trained on texts cut in three and put
 * in another order writes what belongs between a prefix and a suffix.
 */
import type { Model } from '../../models/model.ts';
import { fimTokens } from '../../tokenizers/fim-tokens.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import type { GenerationConfig } from '../config/generation-options.ts';
import type { GenerateOptions } from '../generate-options.ts';
import type { TextEnd } from '../stopping.ts';
import { streamTextAfter } from '../text.ts';
import { type FimOrder, fimPrompt, type Gap, putsSpaceInFront } from './fim-prompt.ts';

export interface FimOptions extends Pick<GenerateOptions, 'assistant'> {
  /** Default psm. */
  order?: FimOrder;
}

export interface Middle {
  /** What belongs between prefix and suffix. */
  text: string;
  ids: number[];
  /** `eos`: the model found an end; otherwise the text is cut off. */
  stop: TextEnd;
}

/**
 * @param config its end-of-sequence tokens are joined by those that end a middle
 * @returns the middles: `numReturnSequences` of them
 * @throws UserError when the tokenizer has no tokens for it, or prefix and suffix do not fit the model's context
 */
export function fillInTheMiddle(
  model: Model,
  tokenizer: Tokenizer,
  gap: Gap,
  config: GenerationConfig,
  { order = 'psm', ...options }: FimOptions = {},
): Middle[] {
  const { ends } = fimTokens(tokenizer);
  const inputIds = [fimPrompt(tokenizer, gap, order)];
  const ending = { ...config, eosTokenId: [...new Set([...config.eosTokenId, ...ends])] };
  const middles: Middle[] = [];
  const decodedAfter = putsSpaceInFront(tokenizer) ? tokenizer.encodeIds('a') : [];
  const pieces = streamTextAfter(model, tokenizer, { inputIds }, ending, {
    ...options,
    decodedAfter: Array.from(decodedAfter),
  });
  for (const { row, text, token } of pieces) {
    middles[row] ??= { text: '', ids: [], stop: 'maxLength' };
    const middle = middles[row];
    middle.text += text;
    if (token.stop) middle.stop = token.stop;
    // An end that the tokenizer does not call special would be written.
    if (token.stop === 'eos') middle.text = withoutEnd(middle.text, tokenizer, token.id);
    else middle.ids.push(token.id);
  }
  return middles.filter(middle => middle !== undefined);
}

function withoutEnd(text: string, tokenizer: Tokenizer, id: number): string {
  const written = tokenizer.decode([id], { skipSpecialTokens: true });
  return written !== '' && text.endsWith(written) ? text.slice(0, -written.length) : text;
}
