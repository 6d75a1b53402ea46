/**
 * Tokens as words of an ARPA file, where a word cannot hold white space or be empty, and `<s>` and `</s>` are taken.
 * A backslash begins an escape: `\\` backslash, `\s` space, `\t` `\n` `\v` `\f` `\r` as in C, `\0` NUL, `\e` the empty
 * token, `\<` the `<` of a token that is spelled `<s>` or `</s>` but marks no edge. All else stands for itself.
 */
const ESCAPES: Record<string, string> = {
  '\\': '\\\\',
  ' ': '\\s',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\0': '\\0',
};
const UNESCAPES = new Map([
  ...Object.entries(ESCAPES).map(([plain, escaped]) => [escaped[1], plain] as const),
  ['e', ''],
  ['<', '<'],
]);

export function toArpaWord(token: string): string {
  if (token === '') return '\\e';
  if (token === '<s>' || token === '</s>') return `\\${token}`;
  return token.replace(/[\\ \t\n\v\f\r\0]/g, character => ESCAPES[character]);
}

/** The token that `toArpaWord` wrote; a backslash that begins no escape stands for itself. */
export const fromArpaWord = (word: string): string =>
  word.includes('\\') ? word.replace(/\\(.)/g, (whole, code) => UNESCAPES.get(code) ?? whole) : word;
