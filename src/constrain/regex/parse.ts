/** Reads regular expressions as ECMAScript writes them (ECMA-262, with the flag `u`), as far as they are regular. */
import { usageError } from '../../support/errors.ts';
import { ANY, type CodePoints, codePoints, complement, union } from '../automata/code-points.ts';
import type { Expression } from '../automata/expression.ts';
import { DIGIT, LINE_END, SPACE, unicodeProperty, WORD } from './classes.ts';

/** An expression in which `^` and `$` still stand. */
export type Pattern =
  | { readonly kind: 'expression'; readonly expression: Expression }
  | { readonly kind: 'anchor'; readonly side: 'start' | 'end' }
  | { readonly kind: 'sequence'; readonly parts: readonly Pattern[] }
  | { readonly kind: 'choice'; readonly options: readonly Pattern[] }
  | { readonly kind: 'repeat'; readonly body: Pattern; readonly min: number; readonly max: number };

const DEEPEST = 200;
/** Counts beyond that are taken for a mistake. */
const LARGEST_COUNT = 1e6;

const SIMPLE_ESCAPES: Record<string, number> = { t: 0x09, n: 0x0a, v: 0x0b, f: 0x0c, r: 0x0d, '0': 0x00 };
const CLASS_ESCAPES: Record<string, CodePoints> = {
  d: DIGIT,
  D: complement(DIGIT),
  w: WORD,
  W: complement(WORD),
  s: SPACE,
  S: complement(SPACE),
};
const LOOKAROUND: Record<string, string> = {
  '?=': 'lookahead (?=…)',
  '?!': 'negative lookahead (?!…)',
  '?<=': 'lookbehind (?<=…)',
  '?<!': 'negative lookbehind (?<!…)',
};

/** @throws UserError that names what is malformed or not supported, and where it stands */
export function parsePattern(source: string): Pattern {
  const chars = [...source];
  let at = 0;

  const fail = (message: string, hint = 'patterns are written as in JavaScript'): never => {
    throw usageError('TSLM_BAD_REGEX', `the pattern /${shown(source)}/ at ${at + 1}: ${message}`, hint);
  };
  const refuse = (what: string): never =>
    fail(`${what} is not supported`, 'what it says is not regular, or depends on what is around it');
  const looksAt = (text: string): boolean => chars.slice(at, at + text.length).join('') === text;
  const take = (text: string): boolean => {
    if (!looksAt(text)) return false;
    at += text.length;
    return true;
  };

  const alternatives = (depth: number): Pattern => {
    if (depth > DEEPEST) fail(`groups nest deeper than ${DEEPEST}`);
    const options: Pattern[] = [];
    do {
      const parts: Pattern[] = [];
      while (at < chars.length && !looksAt('|') && !looksAt(')')) parts.push(term(depth));
      options.push(parts.length === 1 ? parts[0] : { kind: 'sequence', parts });
    } while (take('|'));
    return options.length === 1 ? options[0] : { kind: 'choice', options };
  };

  const term = (depth: number): Pattern => {
    if (take('^')) return { kind: 'anchor', side: 'start' };
    if (take('$')) return { kind: 'anchor', side: 'end' };
    const body = atom(depth);
    const counts = quantifier();
    return counts ? { kind: 'repeat', body, ...counts } : body;
  };

  const quantifier = (): { min: number; max: number } | undefined => {
    let counts: { min: number; max: number } | undefined;
    if (take('*')) counts = { min: 0, max: Number.POSITIVE_INFINITY };
    else if (take('+')) counts = { min: 1, max: Number.POSITIVE_INFINITY };
    else if (take('?')) counts = { min: 0, max: 1 };
    else if (looksAt('{')) {
      const braces = /^\{(\d+)(,(\d*))?\}/.exec(chars.slice(at, at + 40).join('')) ?? fail("'{' begins no count {m,n}");
      at += braces[0].length;
      const min = Number(braces[1]);
      const max = braces[2] === undefined ? min : braces[3] === '' ? Number.POSITIVE_INFINITY : Number(braces[3]);
      if (max < min) fail(`a count from ${min} to ${max}`);
      if (min > LARGEST_COUNT || (max > LARGEST_COUNT && max < Number.POSITIVE_INFINITY)) {
        fail(`a count above ${LARGEST_COUNT}`, 'leave the upper limit out: {m,}');
      }
      counts = { min, max };
    }
    // Lazy or greedy, the texts that match are the same.
    if (counts) take('?');
    if (counts && /^[*+?]$/.test(chars[at] ?? '')) fail(`'${chars[at]}' repeats nothing`);
    return counts;
  };

  const atom = (depth: number): Pattern => {
    const char = chars[at];
    if (char === '(') {
      at++;
      for (const [start, name] of Object.entries(LOOKAROUND)) if (looksAt(start)) refuse(name);
      if (take('?')) {
        const name = /^<[\p{ID_Start}_$][\p{ID_Continue}$]*>/u.exec(chars.slice(at, at + 200).join(''));
        if (name) at += [...name[0]].length;
        else if (!take(':')) refuse(`the group (?${chars[at] ?? ''}…)`);
      }
      const inner = alternatives(depth + 1);
      if (!take(')')) fail("a group without its ')'");
      return inner;
    }
    if (char === '[') return one(characterClass());
    if (char === '\\') return one(escaped(false));
    at++;
    if (char === '.') return one(complement(LINE_END));
    if (/^[*+?{}\])]$/.test(char)) {
      at--;
      fail(`'${char}' stands where a character is expected`, `write \\${char} for the character itself`);
    }
    return one(single(char.codePointAt(0)!));
  };

  const characterClass = (): CodePoints => {
    at++;
    const isNegated = take('^');
    const sets: CodePoints[] = [];
    while (!take(']')) {
      if (at >= chars.length) fail("a class without its ']'");
      const low = classMember();
      const isRange = looksAt('-') && chars[at + 1] !== ']' && at + 1 < chars.length;
      if (!isRange) {
        sets.push(low);
        continue;
      }
      at++;
      const high = classMember();
      const [first, last] = [only(low), only(high)];
      if (first === undefined || last === undefined) fail('a range between classes');
      if (first! > last!) fail('a range whose end is before its beginning');
      sets.push(codePoints([[first!, last!]]));
    }
    const set = union(...sets);
    return isNegated ? complement(set) : set;
  };
  const classMember = (): CodePoints =>
    chars[at] === '\\' ? escaped(true) : single((chars[at++] ?? fail("a class without its ']'")).codePointAt(0)!);

  const escaped = (inClass: boolean): CodePoints => {
    at++;
    const char = chars[at++] ?? fail("'\\' at the end");
    if (char in CLASS_ESCAPES) return CLASS_ESCAPES[char];
    if (char === 'b' && inClass) return single(0x08);
    if (char === '-' && inClass) return single(0x2d);
    if (char === '0' && /^\d$/.test(chars[at] ?? '')) fail('an octal escape');
    if (char in SIMPLE_ESCAPES) return single(SIMPLE_ESCAPES[char]);
    if (/^[1-9]$/.test(char)) refuse(`the backreference \\${char}`);
    if (char === 'k') refuse('the backreference \\k<…>');
    if (char === 'b' || char === 'B') refuse(`the word boundary \\${char}`);
    if (char === 'x') return single(hexadecimal(2));
    if (char === 'u') return single(unicodeEscape());
    if (char === 'c') {
      const letter = chars[at++] ?? '';
      if (!/^[A-Za-z]$/.test(letter)) fail('\\c without a letter');
      return single(letter.charCodeAt(0) % 32);
    }
    if (char === 'p' || char === 'P') {
      const end = chars.indexOf('}', at);
      if (!looksAt('{') || end < 0) fail(`\\${char} without {…}`);
      const name = chars.slice(at + 1, end).join('');
      const set = unicodeProperty(name) ?? fail(`there is no Unicode property '${shown(name)}'`);
      at = end + 1;
      return char === 'P' ? complement(set) : set;
    }
    if (/^[\p{L}\p{N}_]$/u.test(char)) fail(`the escape \\${char} means nothing`);
    return single(char.codePointAt(0)!);
  };
  const hexadecimal = (digits: number): number => {
    const text = chars.slice(at, at + digits).join('');
    if (!new RegExp(`^[0-9a-fA-F]{${digits}}$`).test(text)) fail(`${digits} hexadecimal digits are expected`);
    at += digits;
    return Number.parseInt(text, 16);
  };
  const unicodeEscape = (): number => {
    const braces = /^\{([0-9a-fA-F]{1,8})\}/.exec(chars.slice(at, at + 10).join(''));
    if (braces) {
      at += braces[0].length;
      const code = Number.parseInt(braces[1], 16);
      return code <= 0x10ffff ? code : fail('a code point beyond 10FFFF');
    }
    const unit = hexadecimal(4);
    if (unit >= 0xd800 && unit < 0xdc00 && take('\\u')) {
      const low = hexadecimal(4);
      if (low < 0xdc00 || low > 0xdfff) fail('half of a surrogate pair');
      return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    }
    return unit >= 0xd800 && unit <= 0xdfff ? fail('half of a surrogate pair') : unit;
  };

  const pattern = alternatives(0);
  if (at < chars.length) fail("a ')' without its '('");
  return pattern;
}

const one = (set: CodePoints): Pattern => ({ kind: 'expression', expression: { kind: 'characters', set } });
const single = (code: number): CodePoints => codePoints([[code, code]]);
/** The only member of a set; a set of more has none. */
const only = (set: CodePoints): number | undefined => (set.length === 2 && set[0] === set[1] ? set[0] : undefined);
const shown = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

/** Any text. */
export const ANYTHING: Expression = {
  kind: 'repeat',
  body: { kind: 'characters', set: ANY },
  min: 0,
  max: Number.POSITIVE_INFINITY,
};
