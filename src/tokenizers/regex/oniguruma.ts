/**
 * Hugging Face tokenizers match with Oniguruma (Ruby syntax, Unicode). This translates its expressions into JavaScript's
 * with the `v` flag: other escapes, groups that ignore case, possessive quantifiers, atomic groups, classes within
 * classes, and `^`, `$` and `.` as Ruby means them. What has no faithful translation is an error.
 */

import { escapeRegExp, ONIGURUMA_WORD, WHITE_SPACE } from '../unicode/unicode.ts';
import { posixClass, propertyEscape } from './oniguruma-properties.ts';

/** An equivalent expression for the flag `v`. Throws an `Error` that names what cannot be translated. */
export const translateOniguruma = (source: string): string => new Translator(source).translate();

/** What goes into a class for the escapes that mean something else in JavaScript. */
const CLASSES: Record<string, string> = { s: WHITE_SPACE, d: '\\p{Nd}', w: ONIGURUMA_WORD, h: '0-9a-fA-F' };
/** Outside of brackets, Oniguruma takes the superscripts and fractions of Latin-1 for word characters. */
const BARE_WORD = `${ONIGURUMA_WORD}\\u00b2\\u00b3\\u00b9\\u00bc-\\u00be`;
const NEGATED_CLASSES: Record<string, string> = {
  S: '\\P{White_Space}',
  D: '\\P{Nd}',
  H: '[^0-9a-fA-F]',
};

/** Where the search begins; `SearchStartRegExp` knows it by this. */
export const SEARCH_START = '(?:(?!))';

/** Any character; with the flag `v`, V8 repeats `[^]` no more than once. */
const ANY = '[\\s\\S]';

/** What matches beside characters, and kinds of characters that no class holds. */
const ANCHORS: Record<string, string> = {
  A: `(?<!${ANY})`,
  z: `(?!${ANY})`,
  Z: `(?=\\n?(?!${ANY}))`,
  G: SEARCH_START,
  R: '(?:\\r\\n|\\r(?!\\n)|[\\n\\v\\f\\u0085\\u2028\\u2029])',
  N: '[^\\n]',
  O: ANY,
};

/** Characters beside upper and lower case that fold to a letter: the long s and the Kelvin sign. */
const OTHER_FOLDS: Record<string, string> = { s: '\u017f', k: '\u212a' };

const QUANTIFIER = /^(?:[?*+]|\{(?:\d+(?:,\d*)?|,\d+)\})/;
const GROUP_OPENING = /^\((?:\?(?:[:=!>]|<[=!]|<[a-zA-Z_]\w*>|[imx]*(?:-[imx]*)?[:)]))?/;
/** A reference to a group, by number or by name. */
const REFERENCE = /\\(?:[1-9]|k<)/;

interface Flags {
  ignoreCase: boolean;
  /** The dot matches line feeds, too. */
  dotAll: boolean;
  /** White space and comments mean nothing. */
  extended: boolean;
}

interface Group {
  start: number;
  /** Of what is around it. */
  flags: Flags;
  isAtomic: boolean;
  /** The name under which what it matches can be referred to. */
  name?: string;
  /** Opened by `(?i)`, and closed with the group around it. */
  isImplicit: boolean;
}

class Translator {
  readonly #source: string;
  #at = 0;
  #out = '';
  /** Where the last atom begins in `#out`: what a quantifier applies to. */
  #atom = 0;
  /** The last atom has a quantifier already. */
  #isQuantified = false;
  readonly #groups: Group[] = [];
  #flags: Flags = { ignoreCase: false, dotAll: false, extended: false };
  /** Groups that are closed and can be referred to. */
  readonly #closed = new Set<string>();
  #captures = 0;
  readonly #hasReferences: boolean;
  /** Beside groups with names, those without capture nothing. */
  readonly #hasNames: boolean;
  #atomicGroups = 0;

  constructor(source: string) {
    this.#source = source;
    this.#hasReferences = REFERENCE.test(source);
    this.#hasNames = /\(\?<[a-zA-Z_]/.test(source);
  }

  translate(): string {
    while (this.#at < this.#source.length) {
      const char = this.#char();
      const rest = this.#source.slice(this.#at);
      const ignored = /^\(\?#[^)]*\)/.exec(rest) ?? (this.#flags.extended ? /^(?:\s+|#[^\n]*)/.exec(rest) : null);
      if (ignored) {
        this.#at += ignored[0].length;
        continue;
      }
      const quantifier = QUANTIFIER.exec(rest)?.[0];
      if (quantifier) this.#quantifier(quantifier);
      else if (char === '(') this.#open();
      else if (char === ')') this.#close();
      else if (char === '|') this.#take('|');
      else this.#single(char);
    }
    this.#closeImplicit();
    if (this.#groups.length > 0) throw new Error('a group without an end');
    return this.#out;
  }

  #char(): string {
    return String.fromCodePoint(this.#source.codePointAt(this.#at)!);
  }

  /** Goes past as much of the source as `out` is long. */
  #take(out: string): void {
    this.#at += out.length;
    this.#out += out;
  }

  #open(): void {
    const opening = GROUP_OPENING.exec(this.#source.slice(this.#at))![0];
    const kind = opening.slice(1);
    this.#at += opening.length;
    if (this.#source[this.#at] === '?') throw new Error(`(${this.#source.slice(this.#at, this.#at + 2)}`);
    const options = /^\?([imx]*)(?:-([imx]*))?[:)]$/.exec(kind);
    const name = this.#captureName(kind);
    this.#groups.push({
      start: this.#out.length,
      flags: this.#flags,
      isAtomic: kind === '?>',
      isImplicit: kind.endsWith(')'),
      name,
    });
    if (options) {
      const [, on, off = ''] = options;
      const flag = (letter: string, now: boolean): boolean => (now || on.includes(letter)) && !off.includes(letter);
      const { ignoreCase, dotAll, extended } = this.#flags;
      this.#flags = { ignoreCase: flag('i', ignoreCase), dotAll: flag('m', dotAll), extended: flag('x', extended) };
    }
    this.#out += /[=!]/.test(kind) ? opening : name === undefined ? '(?:' : `(?<${name}>`;
    this.#isQuantified = false;
  }

  /** The name of a group that something may refer to. */
  #captureName(kind: string): string | undefined {
    if (!this.#hasReferences) return undefined;
    const named = /^\?<(\w+)>$/.exec(kind)?.[1];
    if (named !== undefined) return `n_${named}`;
    return kind === '' && !this.#hasNames ? `g${++this.#captures}` : undefined;
  }

  #closeImplicit(): void {
    for (let group = this.#groups.at(-1); group?.isImplicit; group = this.#groups.at(-1)) {
      this.#groups.pop();
      this.#out += ')';
      this.#flags = group.flags;
    }
  }

  #close(): void {
    this.#closeImplicit();
    const group = this.#groups.pop();
    if (!group) throw new Error('a parenthesis too many');
    this.#take(')');
    this.#atom = group.start;
    this.#isQuantified = false;
    if (group.name !== undefined) this.#closed.add(group.name);
    this.#flags = group.flags;
    if (group.isAtomic) this.#makeAtomic();
  }

  #quantifier(quantifier: string): void {
    // A second quantifier repeats what the first one made.
    if (this.#isQuantified) this.#out = `${this.#out.slice(0, this.#atom)}(?:${this.#out.slice(this.#atom)})`;
    if (this.#out.includes(SEARCH_START, this.#atom)) throw new Error(`\\G before ${quantifier}`);
    this.#isQuantified = true;
    this.#at += quantifier.length;
    this.#out += quantifier.replace('{,', '{0,');
    const next = this.#source[this.#at];
    // After a count in braces, Ruby reads a plus as a second quantifier, and a question mark after a single number.
    if (next === '?' && !/^\{\d+\}$/.test(quantifier)) {
      this.#take('?');
    } else if (next === '+' && !quantifier.startsWith('{')) {
      this.#at++;
      this.#makeAtomic();
    }
  }

  /** Keeps the last atom from giving anything back: what a lookahead has matched stays as it is. */
  #makeAtomic(): void {
    const name = `a${++this.#atomicGroups}`;
    const atom = this.#out.slice(this.#atom);
    this.#out = `${this.#out.slice(0, this.#atom)}(?:(?=(?<${name}>${atom}))\\k<${name}>)`;
  }

  #single(char: string): void {
    this.#atom = this.#out.length;
    this.#isQuantified = false;
    if (char === '\\') {
      this.#out += this.#escape(false);
    } else if (char === '[') {
      this.#out += this.#class();
    } else {
      this.#at += char.length;
      // In Ruby ^ and $ are the ends of lines, and a dot stops at a line feed only.
      if (char === '.') this.#out += this.#flags.dotAll ? ANY : '[^\\n]';
      else if (char === '^') this.#out += '(?<![^\\n])';
      else if (char === '$') this.#out += '(?![^\\n])';
      else this.#out += this.#literal(char);
    }
  }

  #literal(char: string): string {
    const cases = this.#cases(char);
    return cases.length > char.length ? `[${cases}]` : escapeRegExp(char);
  }

  /** The character, in all its cases where case is ignored. */
  #cases(char: string): string {
    if (!this.#flags.ignoreCase) return char;
    const lower = char.toLowerCase();
    return [...new Set([lower, char.toUpperCase(), OTHER_FOLDS[lower] ?? ''])].join('');
  }

  /** The rest of a range that begins with `start`, and the other cases of its characters. */
  #otherCases(start: string): string {
    const end = this.#char();
    const [from, to] = [start.codePointAt(0)!, end.codePointAt(0)!];
    if (end === '\\' || to - from > WIDEST_RANGE) throw new Error('a range of this kind that ignores case');
    this.#at += end.length;
    let others = '';
    for (let code = from; code <= to; code++) others += this.#cases(String.fromCodePoint(code));
    const outside = [...new Set(others)].filter(char => char < start || char > end);
    return `-${escapeInClass(end)}${outside.map(escapeInClass).join('')}`;
  }

  #escape(inClass: boolean): string {
    const char = this.#source[this.#at + 1];
    this.#at += 2;
    if (char === 'p' || char === 'P') return this.#property(char === 'P', inClass);
    if (char === 'u' || char === 'x') return this.#codePoint(char);
    if (char in NEGATED_CLASSES) return NEGATED_CLASSES[char];
    if (!inClass && char === 'w') return `[${BARE_WORD}]`;
    if (char === 'W') return `[^${inClass ? ONIGURUMA_WORD : BARE_WORD}]`;
    if (!inClass && (char === 'b' || char === 'B')) return wordBoundary(char === 'B');
    if (char in CLASSES) return inClass ? CLASSES[char] : `[${CLASSES[char]}]`;
    if ('rntfv'.includes(char)) return `\\${char}`;
    if (char === 'a' || char === 'e' || char === '0') return { a: '\\x07', e: '\\x1b', 0: '\\0' }[char];
    if (!inClass) {
      if (char === 'G' && !this.#isAtStart()) throw new Error('\\G after other things');
      if (Object.hasOwn(ANCHORS, char)) return ANCHORS[char];
      if (char === 'k' || /[1-9]/.test(char)) return this.#reference(char);
    }
    if (char === undefined || /[A-Za-z0-9]/.test(char)) throw new Error(`\\${char ?? ''}`);
    return inClass ? escapeInClass(char) : this.#literal(char);
  }

  #property(isNegated: boolean, inClass: boolean): string {
    const match = /^\{(\^?)([\w -]+)\}/.exec(this.#source.slice(this.#at));
    if (!match) throw new Error('\\p without a property');
    this.#at += match[0].length;
    const isOther = isNegated !== (match[1] === '^');
    if (!inClass && /^word$/i.test(match[2])) return `[${isOther ? '^' : ''}${BARE_WORD}]`;
    return propertyEscape(match[2], isOther);
  }

  /** Whether nothing stands before this place in any alternative around it. */
  #isAtStart(): boolean {
    let end = this.#out.length;
    for (const { start } of this.#groups.toReversed()) {
      const before = this.#out.slice(start, end);
      if (!/^\(\?(?:[:=!]|<\w+>)$|(?<!\\)\|$/.test(before)) return false;
      end = start;
    }
    return /^$|(?<!\\)\|$/.test(this.#out.slice(0, end));
  }

  /** `\1` or `\k<name>`: what a group that is closed has matched. */
  #reference(char: string): string {
    const named = char === 'k' ? /^<(\w+)>/.exec(this.#source.slice(this.#at)) : undefined;
    if (named) this.#at += named[0].length;
    else if (/\d/.test(this.#source[this.#at] ?? '')) throw new Error(`\\${char}${this.#source[this.#at]}`);
    const name = named ? (/^\d+$/.test(named[1]) ? `g${named[1]}` : `n_${named[1]}`) : `g${char}`;
    if (!this.#closed.has(name)) throw new Error(`\\${char}${named?.[0] ?? ''}, which refers to no group before it`);
    if (this.#flags.ignoreCase) throw new Error('a reference that ignores case');
    return `\\k<${name}>`;
  }

  #codePoint(kind: string): string {
    const digits = kind === 'u' ? /^[\da-fA-F]{4}/ : /^(?:[\da-fA-F]{2}|\{[\da-fA-F]+\})/;
    const match = digits.exec(this.#source.slice(this.#at));
    if (!match) throw new Error(`\\${kind} without digits`);
    this.#at += match[0].length;
    return match[0].startsWith('{') ? `\\u${match[0]}` : `\\${kind}${match[0]}`;
  }

  #class(): string {
    const source = this.#source;
    const isNegated = source[++this.#at] === '^';
    if (isNegated) this.#at++;
    const first = this.#at;
    /** What `&&` lies between. */
    const parts = [''];
    const add = (text: string): void => {
      parts[parts.length - 1] += text;
    };
    /** The last character, which may begin a range. */
    let last: string | undefined;
    while (source[this.#at] !== ']' || this.#at === first) {
      if (this.#at >= source.length) throw new Error('a class without an end');
      const posix = /^\[:(\^?)(\w+):\]/.exec(source.slice(this.#at));
      if (posix) {
        this.#at += posix[0].length;
        add(posixClass(posix[2], posix[1] === '^'));
      } else if (source.startsWith('&&', this.#at)) {
        this.#at += 2;
        parts.push('');
      } else if (source[this.#at] === '[') {
        add(this.#class());
      } else if (source[this.#at] === '\\') {
        add(this.#escape(true));
      } else if (source[this.#at] === '-') {
        const isRange = this.#at > first && source[this.#at + 1] !== ']';
        this.#at++;
        if (!isRange) add('\\-');
        else if (this.#flags.ignoreCase && last !== undefined) add(this.#otherCases(last));
        else add('-');
      } else {
        const char = this.#char();
        this.#at += char.length;
        const isRangeStart = source[this.#at] === '-' && source[this.#at + 1] !== ']';
        last = char;
        add(isRangeStart ? escapeInClass(char) : [...this.#cases(char)].map(escapeInClass).join(''));
      }
    }
    this.#at++;
    const content = parts.length === 1 ? parts[0] : parts.map(part => `[${part}]`).join('&&');
    return `[${isNegated ? '^' : ''}${content}]`;
  }
}

/** Wider ranges hold scripts without case. */
const WIDEST_RANGE = 0x800;

const wordBoundary = (isNegated: boolean): string => {
  const [here, there] = isNegated ? ['=', '!'] : ['!', '='];
  return `(?:(?<=[${BARE_WORD}])(?${here}[${BARE_WORD}])|(?<![${BARE_WORD}])(?${there}[${BARE_WORD}]))`;
};

/** The flag `v` wants punctuation in classes escaped, since two in a row may be operators. */
const escapeInClass = (char: string): string => (/[!#$%&()*+,./:;<=>?@[\\\]^`{|}~-]/.test(char) ? `\\${char}` : char);
