/** A language of classes of words: words of one class are used alike, so that they are each other's neighbours. */
import { createRandom } from '../../src/support/random.ts';

export const CLASSES = [
  ['cat', 'dog', 'cow', 'horse'],
  ['red', 'green', 'blue', 'yellow'],
  ['walks', 'runs', 'sleeps', 'eats'],
  ['paris', 'rome', 'berlin', 'madrid'],
];

/** Sentences of words that go with one class, each around one of its words. */
export function toyText(sentences = 2000, seed = 1): string {
  const random = createRandom(seed);
  const lines = Array.from({ length: sentences }, () => {
    const number = random.below(CLASSES.length);
    const near = (i: number): string => `near${number}${'abcdef'[(i + random.below(3)) % 6]}`;
    const word = CLASSES[number][random.below(4)];
    return [near(0), near(1), word, near(2), near(3)].join(' ');
  });
  return `${lines.join('\n')}\n`;
}

/** Whether the three neighbours of every word are the other words of its class, none of the context being counted. */
export function hasClasses(nearest: (word: string) => { word: string }[]): boolean {
  const all = CLASSES.flat();
  return CLASSES.every(words =>
    words.every(word => {
      const found = nearest(word).filter(one => all.includes(one.word));
      return found.slice(0, 3).every(one => words.includes(one.word));
    }),
  );
}
