/**
 * Templates as tokens: text, and what is inside tags. Follows the section "Whitespace Control" of Jinja's documentation
 * (jinja.palletsprojects.com).
 */
import { TemplateError } from '../errors.ts';
import { isSpace, SPACE, trimEnd } from '../python/text.ts';
import { countLines, TagLexer, type Token } from './tokens.ts';

export interface LexerOptions {
  /** The first line break after a block goes with it. Default false. */
  trimBlocks?: boolean;
  /** White space before a block goes with it, back to the start of the line. Default false. */
  lstripBlocks?: boolean;
  /** A line break at the end of the template stays. Default false. */
  keepTrailingNewline?: boolean;
}

const TAG = /\{([%{#])([-+]?)/g;
const RAW = new RegExp(`\\{%[-+]?[${SPACE}]*raw[${SPACE}]*(?:-%\\}[${SPACE}]*|%\\})`, 'y');
const END_RAW = new RegExp(`\\{%([-+]?)[${SPACE}]*endraw[${SPACE}]*([-+]?)%\\}`, 'g');

/** @throws TemplateError when a tag does not end, or has what no expression has */
export function tokenize(template: string, options: LexerOptions = {}): Token[] {
  return new Lexer(template, options).tokens;
}

class Lexer {
  readonly #source: string;
  readonly #options: LexerOptions;
  readonly tokens: Token[] = [];
  #position = 0;
  #line = 1;
  /** Whether what came last ended a line, so that white space is at the start of one. */
  #startsLine = true;

  constructor(template: string, options: LexerOptions) {
    const source = template.replace(/\r\n?/g, '\n');
    this.#source = options.keepTrailingNewline ? source : source.replace(/\n$/, '');
    this.#options = options;
    while (this.#position < this.#source.length) this.#next();
    this.#add('eof', '');
  }

  #add(type: string, value: string): void {
    this.tokens.push({ type, value, line: this.#line });
  }

  /** Goes on to a position, counting lines. */
  #advance(to: number): void {
    const passed = this.#source.slice(this.#position, to);
    if (passed !== '') this.#startsLine = passed.endsWith('\n');
    this.#line += countLines(passed);
    this.#position = to;
  }

  /** The text before the next tag, and the tag. */
  #next(): void {
    TAG.lastIndex = this.#position;
    const match = TAG.exec(this.#source);
    if (!match) {
      this.#text(this.#source.slice(this.#position));
      this.#advance(this.#source.length);
      return;
    }
    const [tag, kind, sign] = match;
    this.#text(this.#stripped(this.#source.slice(this.#position, match.index), kind !== '{', sign));
    this.#advance(match.index);
    RAW.lastIndex = match.index;
    if (RAW.test(this.#source)) this.#raw(RAW.lastIndex);
    else if (kind === '#') this.#comment(match.index + tag.length);
    else this.#tag(kind === '%' ? 'block' : 'variable', match.index + tag.length);
  }

  #text(text: string): void {
    if (text !== '') this.#add('data', text);
  }

  /** What is left of a text before a tag with this sign. */
  #stripped(text: string, isBlock: boolean, sign: string): string {
    if (sign === '-') return trimEnd(text);
    if (sign === '+' || !isBlock || !this.#options.lstripBlocks) return text;
    const lineStart = text.lastIndexOf('\n') + 1;
    if (lineStart === 0 && !this.#startsLine) return text;
    return Array.from(text.slice(lineStart)).every(isSpace) ? text.slice(0, lineStart) : text;
  }

  /** The position after a tag's end, which takes white space or a line break with it. */
  #afterEnd(end: number, sign: string): number {
    let to = end;
    if (sign === '-') while (to < this.#source.length && isSpace(this.#source[to])) to++;
    else if (sign !== '+' && this.#options.trimBlocks && this.#source[to] === '\n') to++;
    return to;
  }

  #comment(from: number): void {
    const end = this.#source.indexOf('#}', from);
    if (end < 0 && from < this.#source.length)
      throw new TemplateError('Missing end of comment tag', { line: this.#line });
    const sign = end > from ? this.#source[end - 1] : '';
    this.#advance(end < 0 ? from : this.#afterEnd(end + 2, sign));
  }

  #raw(from: number): void {
    this.#advance(from);
    if (from === this.#source.length) return;
    END_RAW.lastIndex = from;
    const end = END_RAW.exec(this.#source);
    if (!end) throw new TemplateError('Missing end of raw directive', { line: this.#line });
    this.#text(this.#stripped(this.#source.slice(from, end.index), true, end[1]));
    this.#advance(this.#afterEnd(end.index + end[0].length, end[2]));
  }

  #tag(kind: 'block' | 'variable', from: number): void {
    this.#add(`${kind}_begin`, '');
    const lexer = new TagLexer(this.#source, from, this.#line);
    const end = kind === 'block' ? /([-+]?)%\}/y : /(-?)\}\}/y;
    while (lexer.position < this.#source.length) {
      end.lastIndex = lexer.position;
      const match = lexer.isBalanced ? end.exec(this.#source) : null;
      if (match) {
        this.#advance(lexer.position);
        this.#add(`${kind}_end`, '');
        const after = end.lastIndex;
        this.#advance(kind === 'block' || match[1] ? this.#afterEnd(after, match[1]) : after);
        return;
      }
      const token = lexer.next();
      if (token) this.tokens.push(token);
    }
    this.#advance(this.#source.length);
  }
}
