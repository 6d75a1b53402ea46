/** JSON whose whole floats stay floats: 1.0 prints as 1.0 in Python, and JavaScript's own parser cannot tell it from 1. */
import { messageOf, UserError } from '../../support/errors.ts';
import { Float } from '../../support/jinja/python/from-js.ts';

/** A number that only a parser of its own keeps as it is: a whole float, or more digits than a double has. */
const SPECIAL = /\d\.0*(?![\d])|\d[eE]|\d{16}/;

/** @throws UserError with `where` and what is wrong */
export function parseJson(text: string, where: string): unknown {
  try {
    const value = JSON.parse(text);
    return SPECIAL.test(text) ? new Parser(text).parse() : value;
  } catch (error) {
    throw new UserError('TSLM_BAD_JSON', `${where}: ${messageOf(error)}`, {
      hint: 'every line is to be one JSON object',
    });
  }
}

/** Of text that `JSON.parse` has accepted. */
class Parser {
  readonly #tokens: RegExpMatchArray[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = [...text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[[\]{},:]/g)];
  }

  parse(): unknown {
    const [token] = this.#tokens[this.#at++];
    if (token === '{') return this.#object();
    if (token === '[') return this.#list();
    if (token[0] === '"' || /^[tfn]/.test(token)) return JSON.parse(token);
    const value = Number(token);
    if (!/[.eE]/.test(token)) return Number.isSafeInteger(value) ? value : BigInt(token);
    return Number.isInteger(value) ? new Float(value) : value;
  }

  #object(): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    while (this.#tokens[this.#at][0] !== '}') {
      if (this.#tokens[this.#at][0] === ',') this.#at++;
      const key = JSON.parse(this.#tokens[this.#at][0]) as string;
      this.#at += 2;
      result[key] = this.parse();
    }
    this.#at++;
    return result;
  }

  #list(): unknown[] {
    const result: unknown[] = [];
    while (this.#tokens[this.#at][0] !== ']') {
      if (this.#tokens[this.#at][0] === ',') this.#at++;
      result.push(this.parse());
    }
    this.#at++;
    return result;
  }
}
