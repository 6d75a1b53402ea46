/** Tokens of a template, and the lexer's rules inside `{{ … }}` and `{% … %}`. */
import { TemplateError } from '../errors.ts';
import { escapedChar } from '../python/repr.ts';
import { SPACE } from '../python/text.ts';

/** Operators are their own type. */
export interface Token {
  type: string;
  /** A name, the characters of a text, a number. */
  value: string | bigint | number;
  line: number;
}

const OPERATORS = '// ** == != >= <= + - / * % ~ [ ] ( ) { } > < = . : | , ;'.split(' ');

const WHITE = new RegExp(`[${SPACE}]+`, 'y');
const FLOAT = /(?<!\.)\d(?:_?\d)*(?:(?:\.\d(?:_?\d)*)?e[+-]?\d(?:_?\d)*|\.\d(?:_?\d)*)/iy;
const INTEGER = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const NAME = /[\p{L}\p{N}_\p{IDC}]+/uy;
const IDENTIFIER = /^[\p{XIDS}_]\p{XIDC}*$/u;
const STRING = /'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"/sy;

export function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}

const CLOSING: Record<string, string> = { '(': ')', '[': ']', '{': '}' };

/** Reads one tag's tokens, until its end where no bracket is open. */
export class TagLexer {
  readonly #source: string;
  readonly #open: string[] = [];
  position: number;
  line: number;

  constructor(source: string, position: number, line: number) {
    this.#source = source;
    this.position = position;
    this.line = line;
  }

  get isBalanced(): boolean {
    return this.#open.length === 0;
  }

  /** The next token, undefined for white space. */
  next(): Token | undefined {
    const { line } = this;
    if (this.#match(WHITE) !== undefined) return undefined;
    const float = this.#match(FLOAT);
    if (float !== undefined) return { type: 'float', value: Number(float.replaceAll('_', '')), line };
    const integer = this.#match(INTEGER);
    if (integer !== undefined) return { type: 'integer', value: BigInt(integer.replaceAll('_', '')), line };
    const name = this.#match(NAME);
    if (name !== undefined) {
      if (!IDENTIFIER.test(name)) throw new TemplateError('Invalid character in identifier', { line });
      return { type: 'name', value: name, line };
    }
    const string = this.#match(STRING);
    if (string !== undefined) return { type: 'string', value: unescaped(string.slice(1, -1), line), line };
    return this.#operator();
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position;
    const match = pattern.exec(this.#source);
    if (!match) return undefined;
    this.position = pattern.lastIndex;
    this.line += countLines(match[0]);
    return match[0];
  }

  #operator(): Token {
    const { line } = this;
    const operator = OPERATORS.find(text => this.#source.startsWith(text, this.position));
    if (operator === undefined) {
      const char = String.fromCodePoint(this.#source.codePointAt(this.position)!);
      throw new TemplateError(`unexpected char '${char}'`, { line });
    }
    if (CLOSING[operator]) {
      this.#open.push(CLOSING[operator]);
    } else if (')]}'.includes(operator)) {
      const expected = this.#open.pop();
      if (expected !== operator) {
        const wanted = expected === undefined ? '' : `, expected '${expected}'`;
        throw new TemplateError(`unexpected '${operator}'${wanted}`, { line });
      }
    }
    this.position += operator.length;
    return { type: operator, value: operator, line };
  }
}

const SIMPLE: Record<string, string> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

const ESCAPE = /\\(?:([0-7]{1,3})|x([\da-fA-F]{0,2})|u([\da-fA-F]{0,4})|U([\da-fA-F]{0,8})|(.))/gsu;

/** Python's `unicode-escape`; an unknown escape stays as it is, and so does a backslash before another alphabet's letter. */
function unescaped(text: string, line: number): string {
  if (!text.includes('\\')) return text;
  return text.replace(ESCAPE, (whole, octal?: string, x?: string, u?: string, U?: string, char?: string) => {
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
    const [digits, wanted] = x !== undefined ? [x, 2] : u !== undefined ? [u, 4] : [U, 8];
    if (digits === undefined) {
      if (char === 'N') throw new TemplateError('characters cannot be given by their names here', { line });
      if (char! > '\x7f') return `\\${escapedChar(char!).slice(1)}`;
      return SIMPLE[char!] ?? whole;
    }
    const code = Number.parseInt(digits, 16);
    if (digits.length < wanted) throw new TemplateError(`truncated ${whole.slice(0, 2)} escape`, { line });
    if (code > 0x10ffff) throw new TemplateError('illegal Unicode character', { line });
    return String.fromCodePoint(code);
  });
}
