/**
 * Patterns of tokenizer.json. They are written for Oniguruma (Ruby syntax) and translated here into JavaScript regular
 * expressions with the `u` flag. What has no faithful translation is an error.
 */
import { UserError } from '../support/errors.ts';
import { escapeRegExp, RUST_WORD, WHITE_SPACE } from './unicode.ts';

/** A global regular expression for a pattern. */
export function compilePattern(pattern: { String: string } | { Regex: string }, where: string): RegExp {
  if ('String' in pattern) return new RegExp(escapeRegExp(pattern.String), 'gu');
  try {
    return new RegExp(translateOniguruma(pattern.Regex), 'gu');
  } catch (error) {
    throw new UserError(
      'TSLM_UNSUPPORTED_TOKENIZER',
      `${where}: the regular expression ${pattern.Regex} cannot be translated: ${(error as Error).message}`,
      { hint: 'rewrite the pattern without this construct', cause: error },
    );
  }
}

/** Contents of a class, or a class of its own, for the escapes that mean something else in JavaScript. */
const CLASSES: Record<string, string> = {
  s: WHITE_SPACE,
  d: '\\p{Nd}',
  w: RUST_WORD,
  h: '0-9a-fA-F',
};
const NEGATED: Record<string, string> = { S: '\\P{White_Space}', D: '\\P{Nd}' };
/** Names of properties that JavaScript spells in another way. */
const PROPERTIES: Record<string, string> = {
  Han: 'Script=Han',
  Hiragana: 'Script=Hiragana',
  Katakana: 'Script=Katakana',
  Hangul: 'Script=Hangul',
  Latin: 'Script=Latin',
  Cyrillic: 'Script=Cyrillic',
  Arabic: 'Script=Arabic',
  Thai: 'Script=Thai',
};

/** The source of an equivalent JavaScript regular expression (flag `u`). Throws an `Error` where there is none. */
export function translateOniguruma(source: string): string {
  let out = '';
  let atomStart = 0;
  let captures = 0;
  const groups: { start: number; ignoreCase: boolean; atomic: boolean }[] = [];
  let ignoreCase = false;
  let i = 0;

  const literal = (char: string): string => {
    if (!ignoreCase) return escapeRegExp(char);
    const folded = CASE_FOLDS[char.toLowerCase()] ?? '';
    const lower = char.toLowerCase();
    const upper = char.toUpperCase();
    return lower === upper ? escapeRegExp(char) : `[${lower}${upper}${folded}]`;
  };

  const escapeSequence = (inClass: boolean): string => {
    const char = source[i + 1];
    if (char === undefined) throw new Error('a backslash at the end');
    i += 2;
    if (char === 'p' || char === 'P') {
      const match = /^\{(\^?)(\w+)\}/.exec(source.slice(i));
      if (!match) throw new Error(`\\${char} without a property`);
      i += match[0].length;
      const negated = (char === 'P') !== (match[1] === '^');
      return `\\${negated ? 'P' : 'p'}{${PROPERTIES[match[2]] ?? match[2]}}`;
    }
    if (char in NEGATED) return NEGATED[char];
    if (char in CLASSES) return inClass ? CLASSES[char] : `[${CLASSES[char]}]`;
    if (char === 'W' && !inClass) return `[^${RUST_WORD}]`;
    if ('rntfv0'.includes(char)) return `\\${char}`;
    if (char === 'u' || char === 'x') {
      const match = (char === 'u' ? /^[0-9a-fA-F]{4}/ : /^([0-9a-fA-F]{2}|\{[0-9a-fA-F]+\})/).exec(source.slice(i));
      if (!match) throw new Error(`\\${char} without digits`);
      i += match[0].length;
      return match[0].startsWith('{') ? `\\u${match[0]}` : `\\${char}${match[0]}`;
    }
    if (char === 'A' && !inClass) return '^';
    if (char === 'z' && !inClass) return '$';
    if (/[A-Za-z0-9]/.test(char)) throw new Error(`\\${char}`);
    return inClass ? classLiteral(char) : literal(char);
  };

  const characterClass = (): string => {
    let body = '[';
    i++;
    if (source[i] === '^') {
      body += '^';
      i++;
    }
    for (let first = true; source[i] !== ']' || first; first = false) {
      if (i >= source.length) throw new Error('a class without an end');
      if (source[i] === '[' || source.startsWith('&&', i)) throw new Error('a class within a class');
      if (source[i] === '\\') body += escapeSequence(true);
      else if (source[i] === '-') {
        body += source[i - 1] === '[' || source[i - 1] === '^' || source[i + 1] === ']' ? '\\-' : '-';
        i++;
      } else {
        const char = String.fromCodePoint(source.codePointAt(i)!);
        if (ignoreCase && /\p{L}/u.test(char)) throw new Error('a class that ignores case');
        body += classLiteral(char);
        i += char.length;
      }
    }
    i++;
    return `${body}]`;
  };

  /** Keeps the last atom from giving anything back: a lookahead is not entered again. */
  const makeAtomic = (): void => {
    captures++;
    out = `${out.slice(0, atomStart)}(?=(?<p${captures}>${out.slice(atomStart)}))\\k<p${captures}>`;
  };

  while (i < source.length) {
    const char = String.fromCodePoint(source.codePointAt(i)!);
    if (char === '(') {
      const opening = /^\((\?(?:[:=!>]|<[=!]|i:|-i:))?/.exec(source.slice(i))!;
      groups.push({ start: out.length, ignoreCase, atomic: opening[1] === '?>' });
      i += opening[0].length;
      if (source[i] === '?') throw new Error(source.slice(i - 1, i + 3));
      if (opening[1] === '?i:') ignoreCase = true;
      if (opening[1] === '?-i:') ignoreCase = false;
      out += opening[1] && !/[i>]/.test(opening[1]) ? opening[0] : '(?:';
    } else if (char === ')') {
      const group = groups.pop();
      if (!group) throw new Error('a parenthesis too many');
      ({ start: atomStart, ignoreCase } = group);
      out += ')';
      if (group.atomic) makeAtomic();
      i++;
    } else if (char === '|') {
      out += char;
      i++;
    } else if ('?*+'.includes(char) || /^\{\d+(,\d*)?\}/.test(source.slice(i))) {
      const quantifier = char === '{' ? /^\{\d+(,\d*)?\}/.exec(source.slice(i))![0] : char;
      i += quantifier.length;
      if (source[i] === '+' && char !== '{') {
        i++;
        out += quantifier;
        makeAtomic();
      } else {
        out += quantifier;
        if (source[i] === '?') {
          out += '?';
          i++;
        } else if (source[i] === '+') throw new Error(`${quantifier}+`);
      }
    } else {
      atomStart = out.length;
      if (char === '\\') out += escapeSequence(false);
      else if (char === '[') out += characterClass();
      else {
        i += char.length;
        // In Ruby's syntax ^ and $ are the ends of lines, and a dot stops at a line feed only.
        out += char === '.' ? '[^\\n]' : char === '^' ? '(?<![^\\n])' : char === '$' ? '(?![^\\n])' : literal(char);
      }
    }
  }
  if (groups.length > 0) throw new Error('a group without an end');
  return out;
}

/** Other characters that fold to a letter: the long s and the Kelvin sign. */
const CASE_FOLDS: Record<string, string> = { s: '\u017f', k: '\u212a' };

const classLiteral = (char: string): string => (/[\\\]^[-]/.test(char) ? `\\${char}` : char);
