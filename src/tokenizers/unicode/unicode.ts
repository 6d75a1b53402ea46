/** Classes of characters as the Rust and Oniguruma sides of Hugging Face tokenizers know them. */

/** Unicode White_Space. JavaScript's `\s` differs: it has U+FEFF and lacks U+0085. */
export const WHITE_SPACE = '\\p{White_Space}';
const WHITE = new RegExp(WHITE_SPACE, 'u');

/** Whether a UTF-16 unit is white space; no character above U+FFFF is. */
export const isWhiteSpace = (unit: string): boolean => WHITE.test(unit);

/** The `\w` of UTS 18, which Rust's regex crate uses. */
export const RUST_WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}';

/** The `\w` of Oniguruma, which has no joiners. */
export const ONIGURUMA_WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}';

/** Text without lone surrogates: each becomes U+FFFD, as it would in UTF-8. */
export const wellFormed = (text: string): string => (text as string & { toWellFormed(): string }).toWellFormed();

/** Whether a text has nothing but ASCII's spaces and visible characters, which most normalizers leave as they are. */
export const isPlainAscii = (text: string): boolean => /^[ -~]*$/.test(text);

/** Whether a text is one code point. */
export const isOneCharacter = (text: string): boolean => text !== '' && [...text].length === 1;

/** The beginning of a text, quoted, for an error. */
export const excerpt = (text: string): string =>
  text.length > 40 ? `${JSON.stringify(text.slice(0, 40))}…` : JSON.stringify(text);

export const escapeRegExp = (text: string): string => text.replace(/[$()*+./?[\\\]^{|}]/g, '\\$&');
