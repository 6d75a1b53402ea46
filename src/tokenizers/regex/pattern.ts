/** Patterns of tokenizer.json, as JavaScript regular expressions. */
import { messageOf, UserError } from '../../support/errors.ts';
import { escapeRegExp } from '../unicode/unicode.ts';
import { SEARCH_START, translateOniguruma } from './oniguruma.ts';
import { SearchStartRegExp } from './search-start.ts';

/** A global regular expression for a pattern: a literal string, or an expression in Oniguruma's syntax. */
export function compilePattern(pattern: { String: string } | { Regex: string }, where: string): RegExp {
  if ('String' in pattern) return new RegExp(escapeRegExp(pattern.String), 'gu');
  try {
    const translated = translateOniguruma(pattern.Regex);
    return translated.includes(SEARCH_START) ? new SearchStartRegExp(translated, 'gv') : new RegExp(translated, 'gv');
  } catch (error) {
    throw new UserError(
      'TSLM_UNSUPPORTED_TOKENIZER',
      `${where}: the regular expression ${pattern.Regex} cannot be translated: ${messageOf(error)}`,
      { hint: 'rewrite the pattern without this construct', cause: error },
    );
  }
}
