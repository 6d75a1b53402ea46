/**
 * Problems on sequences: parity, coin flips, last letters, sorting, edit distance. Parity cannot be learnt from its answers by gradient descent,
 * and is learnt at once from its running parities (Wies et al. 2023, "Sub-Task Decomposition Enables Learning in Sequence to Sequence Tasks"); coin
 * flip and last letters are the symbolic tasks of Wei et al. (2022).
 */
import { drawNumber, type ProblemTask, pick, pickSeveral } from './problem.ts';
import { NAMES, NOUNS } from './words.ts';

export const parity: ProblemTask = {
  description: 'whether the number of ones is odd',
  size: { of: 'bits', default: 16, most: 256 },
  separator: '',
  draw(random, size) {
    const bits = Array.from({ length: size }, () => random.below(2));
    let running = 0;
    const steps = bits.map(bit => {
      running ^= bit;
      return String(running);
    });
    return {
      question: bits.join(''),
      answer: String(running),
      steps,
      detailed: steps.map((step, i) => `${bits[i]}${step}`),
    };
  },
};

export const coinFlip: ProblemTask = {
  description: 'whether a coin still shows heads after some have flipped it',
  size: { of: 'people', default: 4, most: 32 },
  draw(random, size) {
    const people = Array.from({ length: size }, () => ({ name: pick(random, NAMES.en), flips: random.below(2) === 1 }));
    let heads = true;
    const steps = people.map(({ flips }) => {
      heads = flips ? !heads : heads;
      return heads ? 'heads' : 'tails';
    });
    const acts = people.map(({ name, flips }) => `${name} ${flips ? 'flips' : 'does not flip'} the coin.`);
    return {
      question: `A coin is heads up. ${acts.join(' ')} Is it still heads up?`,
      answer: heads ? 'yes' : 'no',
      steps,
      detailed: steps.map((side, i) => `${people[i].name} ${people[i].flips ? 'flips' : 'keeps'}: ${side}.`),
    };
  },
};

export const lastLetters: ProblemTask = {
  description: 'the last letters of words, put together',
  size: { of: 'words', default: 4, most: 32 },
  draw(random, size) {
    const words = Array.from({ length: size }, () => pick(random, NOUNS));
    return {
      question: words.join(' '),
      answer: words.map(word => word.at(-1)).join(''),
      steps: words.map(word => `${word}:${word.at(-1)}`),
      detailed: words.map(
        (word, i) =>
          `${[...word].join('-')}:${words
            .slice(0, i + 1)
            .map(one => one.at(-1))
            .join('')}`,
      ),
    };
  },
};

export const sorting: ProblemTask = {
  description: 'two-digit numbers in ascending order',
  size: { of: 'numbers', default: 6, most: 32 },
  draw(random, size) {
    const numbers = Array.from({ length: size }, () => drawNumber(random, 2));
    // Selection sort: the smallest of what is left, then what is left without it.
    const left = [...numbers];
    const sorted: number[] = [];
    const detailed: string[] = [];
    while (left.length > 0) {
      const least = Math.min(...left);
      left.splice(left.indexOf(least), 1);
      sorted.push(least);
      detailed.push(`${least}:${left.join(',')}`);
    }
    return {
      question: numbers.join(','),
      answer: sorted.join(','),
      // How many numbers are below each: what says where it belongs.
      steps: numbers.map(one => `${one}:${numbers.filter(other => other < one).length}`),
      detailed,
    };
  },
};

/** Wagner & Fischer (1974): the rows of the table are the chain (Feng et al. 2023, arXiv:2305.15408). */
export const editDistance: ProblemTask = {
  description: 'insertions, deletions and replacements between two words',
  size: { of: 'letters of each', default: 4, most: 12 },
  draw(random, size) {
    const letters = pickSeveral(random, [...'abcdefghij'], 4);
    const [a, b] = [0, 1].map(() => Array.from({ length: size }, () => pick(random, letters)));
    let row = Array.from({ length: size + 1 }, (_, j) => j);
    const rows = a.map((letter, i) => {
      const next = [i + 1];
      for (let j = 1; j <= size; j++) {
        next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (letter === b[j - 1] ? 0 : 1)));
      }
      row = next;
      return next;
    });
    return {
      question: `${a.join('')} ${b.join('')}`,
      answer: String(row[size]),
      steps: rows.map(cells => cells.join(',')),
      detailed: rows.map((cells, i) => `${a[i]}:${cells.join(',')}`),
    };
  },
};
