/** Oniguruma's names of sets of characters: POSIX brackets, and properties, whose names it reads without case and signs. */
import { ONIGURUMA_WORD, WHITE_SPACE } from '../unicode/unicode.ts';

/** What a class holds for each name of a POSIX bracket; properties may have these names, too. */
const POSIX: Record<string, string> = {
  alnum: '\\p{Alphabetic}\\p{Nd}',
  alpha: '\\p{Alphabetic}',
  ascii: '\\p{ASCII}',
  blank: '\\p{Zs}\\t',
  cntrl: '\\p{Cc}',
  digit: '\\p{Nd}',
  graph: '[^\\p{White_Space}\\p{Cc}\\p{Cn}\\p{Cs}]',
  lower: '\\p{Lowercase}',
  print: '[[^\\p{White_Space}\\p{Cc}\\p{Cn}\\p{Cs}]\\p{Zs}]',
  punct: '\\p{P}\\p{S}',
  space: WHITE_SPACE,
  upper: '\\p{Uppercase}',
  word: ONIGURUMA_WORD,
  xdigit: '0-9a-fA-F',
};

/** `[:name:]` within a class. */
export function posixClass(name: string, isNegated: boolean): string {
  if (!Object.hasOwn(POSIX, name)) throw new Error(`[:${name}:]`);
  return `[${isNegated ? '^' : ''}${POSIX[name]}]`;
}

/** `\\p{name}`: a POSIX bracket, a category, a property or a script. */
export function propertyEscape(name: string, isNegated: boolean): string {
  const plain = name.toLowerCase().replace(/[ _-]/g, '');
  // As a property, punctuation is the category.
  if (plain !== 'punct' && Object.hasOwn(POSIX, plain)) return posixClass(plain, isNegated);
  if (plain === 'punct') return `\\${isNegated ? 'P' : 'p'}{P}`;
  const words = name.split(/[ _-]/).map(word => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase());
  const spellings = [name, words.join('_'), `${plain.charAt(0).toUpperCase()}${plain.slice(1)}`];
  const found = [...spellings, ...spellings.map(spelling => `Script=${spelling}`)].find(isProperty);
  if (found === undefined) throw new Error(`\\p{${name}}`);
  return `\\${isNegated ? 'P' : 'p'}{${found}}`;
}

function isProperty(name: string): boolean {
  try {
    return new RegExp(`\\p{${name}}`, 'u') !== undefined;
  } catch {
    return false;
  }
}
