/** `\G` in regular expressions of JavaScript. */
import { SEARCH_START } from './oniguruma.ts';

/**
 * A regular expression with `\G`, which matches where the search begins: at the end of the last match. There it is tried as if
 * it were empty, further on as what never matches.
 */
export class SearchStartRegExp extends RegExp {
  readonly #atStart: RegExp;

  constructor(pattern: string | RegExp, flags?: string) {
    super(pattern, flags);
    this.#atStart = new RegExp(this.source.replaceAll(SEARCH_START, '(?:)'), `${this.flags.replace('g', '')}y`);
  }

  override exec(text: string): RegExpExecArray | null {
    const start = this.lastIndex;
    this.#atStart.lastIndex = start;
    const match = this.#atStart.exec(text);
    if (match) {
      this.lastIndex = this.#atStart.lastIndex;
      return match;
    }
    this.lastIndex = start + ((text.codePointAt(start) ?? 0) > 0xffff ? 2 : 1);
    return super.exec(text);
  }
}
