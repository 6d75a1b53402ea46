/** The tokens of fill-in-the-middle (Bavarian et al. 2022, arXiv:2207.14255), as the families of code models call them. */
import { UserError } from '../support/errors.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Token ids: what stands before the prefix, before the suffix, and before the middle. */
export interface FimTokens {
  prefix: number;
  suffix: number;
  middle: number;
  /** Tokens that end a middle, end-of-sequence included. */
  ends: number[];
  /** How prefix, suffix and middle are written: a text that holds these is no such token. */
  spellings: string[];
}

const SPELLINGS: readonly (readonly [prefix: string, suffix: string, middle: string])[] = [
  ['<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>'], // Qwen2.5-Coder, CodeGemma, Yi-Coder
  ['<fim_prefix>', '<fim_suffix>', '<fim_middle>'], // StarCoder, Granite, Stable Code
  ['<fim-prefix>', '<fim-suffix>', '<fim-middle>'], // SantaCoder
  ['▁<PRE>', '▁<SUF>', '▁<MID>'], // Code Llama
  ['<PRE>', '<SUF>', '<MID>'],
  ['<｜fim▁begin｜>', '<｜fim▁hole｜>', '<｜fim▁end｜>'], // DeepSeek-Coder
  ['<|fim_begin|>', '<|fim_hole|>', '<|fim_end|>'],
  ['<|code_prefix|>', '<|code_suffix|>', '<|code_middle|>'], // CodeGeeX
];

/** What models write after a middle beside end-of-sequence: the end of the gap, or of the file. */
const ENDS = [
  '<|endoftext|>',
  '▁<EOT>',
  '<EOT>',
  '<|EOT|>',
  '<|fim_pad|>',
  '<fim_pad>',
  '<fim-pad>',
  '<|file_sep|>',
  '<file_sep>',
  '<|file_separator|>',
  '<|repo_name|>',
  '<repo_name>',
];

/** @throws UserError when the tokenizer has none of them */
export function fimTokens(tokenizer: Tokenizer): FimTokens {
  for (const spellings of SPELLINGS) {
    const [prefix, suffix, middle] = spellings.map(token => tokenizer.tokenToId(token));
    if (prefix === undefined || suffix === undefined || middle === undefined) continue;
    const ends = [tokenizer.eosTokenId, ...ENDS.map(token => tokenizer.tokenToId(token)), prefix, suffix, middle];
    const known = ends.filter(id => id !== undefined);
    return { prefix, suffix, middle, ends: [...new Set(known)], spellings: [...spellings] };
  }
  throw new UserError('TSLM_NO_FIM_TOKENS', 'the tokenizer has no tokens for filling in the middle', {
    hint: 'use a code model that was trained for it, such as StarCoder, Qwen2.5-Coder, Code Llama or DeepSeek-Coder',
  });
}
