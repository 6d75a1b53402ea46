/** A text after one step of preprocessing. */
export interface Changed {
  text: string;
  /** Code points of the text before that were replaced or left out. */
  characters: number;
}

export const countCharacters = (text: string): number => {
  let count = 0;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) !== 0xdc00) count++;
  return count;
};

/** Replaces what a pattern matches, and counts the characters that are not as before. */
export function replaceAll(text: string, pattern: RegExp, replacement: string | ((match: string) => string)): Changed {
  let characters = 0;
  const result = text.replace(pattern, match => {
    const replaced = typeof replacement === 'string' ? replacement : replacement(match);
    if (replaced !== match) characters += countCharacters(match);
    return replaced;
  });
  return { text: result, characters };
}
