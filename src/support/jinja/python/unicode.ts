/** What Python's str asks of characters: their classes, and case with Unicode's full mappings. */
import { isSpace } from './text.ts';

/** Han characters that are numbers (Unicode's Unihan database), which `isnumeric` accepts. */
const HAN_NUMBERS =
  /[㐅㒃㠪㭍一七万三九二五亖亿什仟仨伍佰億兆兩八六十千卄卅卌叁参參叄四壱壹壺弌弍弎弐弐廾廿捌柒玖百秭穰肆萬貮貳貭贰贳阡陆陌陸零漆拾幺〇]/u;
const DIGITS = /[\p{Nd}²³¹⁰⁴-⁹₀-₉①-⑨⑴-⑼⒈-⒐⓪⓵-⓽⓿❶-❾➀-➈➊-➒]/u;

const every =
  (pattern: RegExp) =>
  (text: string): boolean =>
    text !== '' && Array.from(text).every(char => pattern.test(char));

export const isAlpha = every(/\p{L}/u);
export const isDecimal = every(/\p{Nd}/u);
export const isDigit = every(DIGITS);
export const isNumeric = (text: string): boolean =>
  text !== '' && Array.from(text).every(char => /\p{N}/u.test(char) || HAN_NUMBERS.test(char));
export const isAlnum = (text: string): boolean =>
  text !== '' && Array.from(text).every(char => isAlpha(char) || isNumeric(char));
export const isSpaceText = (text: string): boolean => text !== '' && Array.from(text).every(isSpace);
export const isIdentifier = (text: string): boolean => /^[\p{XIDS}_]\p{XIDC}*$/u.test(text);

const isUpperChar = (char: string): boolean => /\p{Uppercase}/u.test(char);
const isLowerChar = (char: string): boolean => /\p{Lowercase}/u.test(char);
const isTitleChar = (char: string): boolean => /\p{Lt}/u.test(char);
const isCased = (char: string): boolean => isUpperChar(char) || isLowerChar(char) || isTitleChar(char);

export const isUpper = (text: string): boolean => {
  const chars = Array.from(text);
  return chars.some(isUpperChar) && !chars.some(char => isLowerChar(char) || isTitleChar(char));
};

export const isLower = (text: string): boolean => {
  const chars = Array.from(text);
  return chars.some(isLowerChar) && !chars.some(char => isUpperChar(char) || isTitleChar(char));
};

/** Words that begin with a capital and go on in small letters. */
export function isTitle(text: string): boolean {
  let isInWord = false;
  let hasWord = false;
  for (const char of text) {
    const isCapital = isUpperChar(char) || isTitleChar(char);
    if (isCapital ? isInWord : isLowerChar(char) && !isInWord) return false;
    isInWord = isCased(char);
    hasWord ||= isInWord;
  }
  return hasWord;
}

const DIGRAPHS: Record<string, string> = { Ǆ: 'ǅ', ǆ: 'ǅ', Ǉ: 'ǈ', ǉ: 'ǈ', Ǌ: 'ǋ', ǌ: 'ǋ', Ǳ: 'ǲ', ǳ: 'ǲ' };

/** A character as the first of a word. */
function titled(char: string): string {
  if (DIGRAPHS[char] !== undefined) return DIGRAPHS[char];
  if (isTitleChar(char) || /[\u10d0-\u10ff]/.test(char)) return char;
  const [first, ...rest] = char.toUpperCase();
  return first + rest.join('').toLowerCase();
}

/** The rest of a word in small letters; which sigma it ends with depends on the first. */
const loweredAfter = (first: string, rest: string): string =>
  (first + rest).toLowerCase().slice(first.toLowerCase().length);

export function capitalize(text: string): string {
  const [first = '', ...rest] = text;
  return first && titled(first) + loweredAfter(first, rest.join(''));
}

/** `str.title`: whatever is not a letter ends a word. */
export function title(text: string): string {
  let result = '';
  let word = '';
  const flush = (): void => {
    result += capitalize(word);
    word = '';
  };
  for (const char of text) {
    if (isCased(char)) {
      word += char;
    } else {
      flush();
      result += char;
    }
  }
  flush();
  return result;
}

export function swapCase(text: string): string {
  const chars = Array.from(text);
  const swapped = chars.map((char, i) => {
    if (char === 'Σ' && isCased(chars[i - 1] ?? '') && !isCased(chars[i + 1] ?? '')) return 'ς';
    return isUpperChar(char) ? char.toLowerCase() : isLowerChar(char) ? char.toUpperCase() : char;
  });
  return swapped.join('');
}

/** For comparing without case; the dotless i has no other form. */
export const caseFold = (text: string): string =>
  Array.from(text, char => (char === 'ı' ? char : char.toUpperCase().toLowerCase())).join('');
