/** The tokens of a template one after another, and what the parser asks of them. */
import { TemplateError } from '../errors.ts';
import type { Token } from './tokens.ts';

const DESCRIPTIONS: Record<string, string> = {
  block_begin: 'begin of statement block',
  block_end: 'end of statement block',
  variable_begin: 'begin of print statement',
  variable_end: 'end of print statement',
  data: 'template data / text',
  eof: 'end of template',
};

const describe = ({ type, value }: Token): string => (type === 'name' ? String(value) : (DESCRIPTIONS[type] ?? type));

export class TokenStream {
  #at = 0;
  constructor(readonly tokens: readonly Token[]) {}

  get current(): Token {
    return this.tokens[this.#at];
  }

  get following(): Token {
    return this.tokens[Math.min(this.#at + 1, this.tokens.length - 1)];
  }

  /** Goes one token on and returns the one that was current. */
  next(): Token {
    const token = this.current;
    if (token.type !== 'eof') this.#at++;
    return token;
  }

  is(...types: string[]): boolean {
    return types.includes(this.current.type);
  }

  isName(...names: string[]): boolean {
    return this.current.type === 'name' && names.includes(String(this.current.value));
  }

  skipIf(type: string): boolean {
    const matches = this.is(type);
    if (matches) this.next();
    return matches;
  }

  skipName(name: string): boolean {
    const matches = this.isName(name);
    if (matches) this.next();
    return matches;
  }

  expect(type: string): Token {
    if (this.is(type)) return this.next();
    return this.fail(`expected token '${DESCRIPTIONS[type] ?? type}', got '${describe(this.current)}'`);
  }

  expectName(name: string): Token {
    if (this.isName(name)) return this.next();
    return this.fail(`expected token '${name}', got '${describe(this.current)}'`);
  }

  unexpected(): never {
    return this.fail(`unexpected '${describe(this.current)}'`);
  }

  fail(message: string, line = this.current.line): never {
    throw new TemplateError(message, { line });
  }
}
