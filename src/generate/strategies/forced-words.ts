/** Words that a generated text must hold: how far a text is from holding them all, and what brings it nearer. */

export interface ForcedWords {
  /** So many tokens are enough to write what is missing: the word that has begun first, then the others. */
  missing(generated: readonly number[]): number;
  /** The tokens that begin a missing word or go on with it. */
  next(generated: readonly number[]): number[];
}

/** @param words for each word its spellings, of which one must appear */
export function forcedWords(words: readonly (readonly (readonly number[])[])[]): ForcedWords {
  const shortest = words.map(spellings => Math.min(...spellings.map(({ length }) => length)));
  const unwritten = (generated: readonly number[]): number[] =>
    [...words.keys()].filter(w => !words[w].some(spelling => holds(generated, spelling)));
  return {
    missing(generated) {
      const left = unwritten(generated);
      const whole = left.reduce((sum, w) => sum + shortest[w], 0);
      const saved = left.map(w => {
        const rest = words[w].map(spelling => spelling.length - begun(generated, spelling));
        return shortest[w] - Math.min(...rest);
      });
      return whole - Math.max(0, ...saved);
    },
    next(generated) {
      const spellings = unwritten(generated).flatMap(w => words[w]);
      return [...new Set(spellings.map(spelling => spelling[begun(generated, spelling)]))];
    },
  };
}

function holds(text: readonly number[], word: readonly number[]): boolean {
  for (let start = 0; start + word.length <= text.length; start++) {
    if (word.every((id, i) => text[start + i] === id)) return true;
  }
  return false;
}

/** How many tokens of the word the text ends with. */
function begun(text: readonly number[], word: readonly number[]): number {
  for (let length = Math.min(word.length - 1, text.length); length > 0; length--) {
    const start = text.length - length;
    if (text.slice(start).every((id, i) => id === word[i])) return length;
  }
  return 0;
}
