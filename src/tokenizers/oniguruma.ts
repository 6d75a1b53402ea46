/**
 * Hugging Face tokenizers match with Oniguruma (Ruby syntax, Unicode). This translates its expressions into JavaScript's
 * with the `v` flag: other escapes, groups that ignore case, possessive quantifiers, atomic groups, classes within
 * classes, and `^`, `$` and `.` as Ruby means them. What has no faithful translation is an error.
 */
import { escapeRegExp, ONIGURUMA_WORD, WHITE_SPACE } from './unicode.ts';

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

/** POSIX brackets within a class. */
const POSIX: Record<string, string> = {
  alnum: '\\p{Alphabetic}\\p{Nd}',
  alpha: '\\p{Alphabetic}',
  blank: '\\p{Zs}\\t',
  cntrl: '\\p{Cc}',
  digit: '\\p{Nd}',
  lower: '\\p{Lowercase}',
  space: WHITE_SPACE,
  upper: '\\p{Uppercase}',
  word: ONIGURUMA_WORD,
  xdigit: '0-9a-fA-F',
};

/** Properties that JavaScript wants a name for. */
const SCRIPTS = /^(Arabic|Bopomofo|Cyrillic|Devanagari|Greek|Han|Hangul|Hebrew|Hiragana|Katakana|Latin|Thai)$/;

/** Characters beside upper and lower case that fold to a letter: the long s and the Kelvin sign. */
const OTHER_FOLDS: Record<string, string> = { s: '\u017f', k: '\u212a' };

const QUANTIFIER = /^(?:[?*+]|\{(?:\d+(?:,\d*)?|,\d+)\})/;
const GROUP_OPENING = /^\((?:\?(?:[:=!>]|<[=!]|<[a-zA-Z_]\w*>|-?i[:)]))?/;

interface Group {
  start: number;
  ignoreCase: boolean;
  isAtomic: boolean;
  /** Opened by `(?i)`, and closed with the group around it. */
  isImplicit: boolean;
}

class Translator {
  readonly #source: string;
  #at = 0;
  #out = '';
  /** Where the last atom begins in `#out`: what a quantifier applies to. */
  #atom = 0;
  readonly #groups: Group[] = [];
  #ignoreCase = false;
  #atomicGroups = 0;

  constructor(source: string) {
    this.#source = source;
  }

  translate(): string {
    while (this.#at < this.#source.length) {
      const char = this.#char();
      const quantifier = QUANTIFIER.exec(this.#source.slice(this.#at))?.[0];
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
    this.#groups.push({
      start: this.#out.length,
      ignoreCase: this.#ignoreCase,
      isAtomic: kind === '?>',
      isImplicit: kind.endsWith(')'),
    });
    if (kind.startsWith('?i')) this.#ignoreCase = true;
    if (kind.startsWith('?-i')) this.#ignoreCase = false;
    this.#out += /[=!]/.test(kind) ? opening : '(?:';
  }

  #closeImplicit(): void {
    for (let group = this.#groups.at(-1); group?.isImplicit; group = this.#groups.at(-1)) {
      this.#groups.pop();
      this.#out += ')';
      this.#ignoreCase = group.ignoreCase;
    }
  }

  #close(): void {
    this.#closeImplicit();
    const group = this.#groups.pop();
    if (!group) throw new Error('a parenthesis too many');
    this.#take(')');
    this.#atom = group.start;
    this.#ignoreCase = group.ignoreCase;
    if (group.isAtomic) this.#makeAtomic();
  }

  #quantifier(quantifier: string): void {
    this.#take(quantifier);
    if (quantifier.startsWith('{,')) this.#out = `${this.#out.slice(0, -quantifier.length)}{0${quantifier.slice(1)}`;
    const next = this.#source[this.#at];
    if (next === '?') {
      // After one number in braces, Ruby reads a question mark as a second quantifier.
      if (/^\{\d+\}$/.test(quantifier)) throw new Error(`${quantifier}?`);
      this.#take('?');
    } else if (next === '+') {
      // After a count in braces, Ruby reads a plus as a second quantifier.
      if (quantifier.startsWith('{')) throw new Error(`${quantifier}+`);
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
    if (char === '\\') {
      this.#out += this.#escape(false);
    } else if (char === '[') {
      this.#out += this.#class();
    } else {
      this.#at += char.length;
      // In Ruby ^ and $ are the ends of lines, and a dot stops at a line feed only.
      if (char === '.') this.#out += '[^\\n]';
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
    if (!this.#ignoreCase) return char;
    const lower = char.toLowerCase();
    return [...new Set([lower, char.toUpperCase(), OTHER_FOLDS[lower] ?? ''])].join('');
  }

  #escape(inClass: boolean): string {
    const char = this.#source[this.#at + 1];
    this.#at += 2;
    if (char === 'p' || char === 'P') return this.#property(char === 'P');
    if (char === 'u' || char === 'x') return this.#codePoint(char);
    if (char in NEGATED_CLASSES) return NEGATED_CLASSES[char];
    if (!inClass && char === 'w') return `[${BARE_WORD}]`;
    if (char === 'W') return `[^${inClass ? ONIGURUMA_WORD : BARE_WORD}]`;
    if (!inClass && (char === 'b' || char === 'B')) return wordBoundary(char === 'B');
    if (char in CLASSES) return inClass ? CLASSES[char] : `[${CLASSES[char]}]`;
    if ('rntfv'.includes(char)) return `\\${char}`;
    if (!inClass && char === 'A') return '(?<![\\s\\S])';
    if (!inClass && char === 'z') return '(?![\\s\\S])';
    if (char === undefined || /[A-Za-z0-9]/.test(char)) throw new Error(`\\${char ?? ''}`);
    return inClass ? escapeInClass(char) : this.#literal(char);
  }

  #property(isNegated: boolean): string {
    const match = /^\{(\^?)(\w+)\}/.exec(this.#source.slice(this.#at));
    if (!match) throw new Error('\\p without a property');
    this.#at += match[0].length;
    const name = SCRIPTS.test(match[2]) ? `Script=${match[2]}` : match[2];
    return `\\${isNegated !== (match[1] === '^') ? 'P' : 'p'}{${name}}`;
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
    while (source[this.#at] !== ']' || this.#at === first) {
      if (this.#at >= source.length) throw new Error('a class without an end');
      const posix = /^\[:(\^?)(\w+):\]/.exec(source.slice(this.#at));
      if (posix) {
        if (!Object.hasOwn(POSIX, posix[2])) throw new Error(posix[0]);
        this.#at += posix[0].length;
        add(`[${posix[1]}${POSIX[posix[2]]}]`);
      } else if (source.startsWith('&&', this.#at)) {
        this.#at += 2;
        parts.push('');
      } else if (source[this.#at] === '[') {
        add(this.#class());
      } else if (source[this.#at] === '\\') {
        add(this.#escape(true));
      } else if (source[this.#at] === '-') {
        const isRange = this.#at > first && source[this.#at + 1] !== ']';
        if (isRange && this.#ignoreCase) throw new Error('a range that ignores case');
        add(isRange ? '-' : '\\-');
        this.#at++;
      } else {
        const char = this.#char();
        add([...this.#cases(char)].map(escapeInClass).join(''));
        this.#at += char.length;
      }
    }
    this.#at++;
    const content = parts.length === 1 ? parts[0] : parts.map(part => `[${part}]`).join('&&');
    return `[${isNegated ? '^' : ''}${content}]`;
  }
}

const wordBoundary = (isNegated: boolean): string => {
  const [here, there] = isNegated ? ['=', '!'] : ['!', '='];
  return `(?:(?<=[${BARE_WORD}])(?${here}[${BARE_WORD}])|(?<![${BARE_WORD}])(?${there}[${BARE_WORD}]))`;
};

/** The flag `v` wants punctuation in classes escaped, since two in a row may be operators. */
const escapeInClass = (char: string): string => (/[!#$%&()*+,./:;<=>?@[\\\]^`{|}~-]/.test(char) ? `\\${char}` : char);
