/** The pre-tokenizer `BertPreTokenizer` of tokenizer.json. */
import { bare, type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import { PUNCTUATION } from '../unicode/categories.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';
import { splitAtMatches } from './split-behavior.ts';

const WORD_OR_PUNCTUATION = new RegExp(`${PUNCTUATION.source}|(?:(?!${PUNCTUATION.source})\\P{White_Space})+`, 'gu');

/** Words and single characters of punctuation; white space is dropped (Devlin et al. 2019). */
export const createBertPreTokenizer: Factory<PreTokenizer> = (config, where) => {
  parseConfig(bare('BertPreTokenizer'), config, where);
  return { split: text => splitAtMatches(text, WORD_OR_PUNCTUATION, 'Removed', true) };
};
