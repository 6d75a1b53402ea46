/** The words that get vectors, from the most frequent on, and the text as their numbers. */
import { UserError } from '../../support/errors.ts';

export interface EncodedText {
  words: string[];
  /** How often each occurs. */
  counts: number[];
  /** Words by number, −1 where a sentence ends; rare words are left out, so that windows reach over them. */
  tokens: Int32Array;
  /** Words of the text, rare ones included. */
  read: number;
}

export interface VocabularyOptions {
  /** Words that occur less often get no vector. Default 5. */
  minCount?: number;
  /** Most words to keep. Default: all. */
  maxWords?: number;
}

export const SENTENCE_END = -1;

/** Words are numbered as they come; when all have come, they are numbered anew by how often they did. */
export class VocabularyBuilder {
  readonly #numbers = new Map<string, number>();
  readonly #counts: number[] = [];
  #tokens = new Int32Array(1 << 16);
  #length = 0;
  #read = 0;

  add(word: string): void {
    let number = this.#numbers.get(word);
    if (number === undefined) {
      number = this.#counts.push(0) - 1;
      this.#numbers.set(word, number);
    }
    this.#counts[number]++;
    this.#read++;
    this.#push(number);
  }

  endSentence(): void {
    if (this.#length > 0 && this.#tokens[this.#length - 1] !== SENTENCE_END) this.#push(SENTENCE_END);
  }

  #push(number: number): void {
    if (this.#length === this.#tokens.length) {
      const larger = new Int32Array(2 * this.#length);
      larger.set(this.#tokens);
      this.#tokens = larger;
    }
    this.#tokens[this.#length++] = number;
  }

  /** @throws UserError when no word is frequent enough */
  build({ minCount = 5, maxWords = Number.POSITIVE_INFINITY }: VocabularyOptions = {}): EncodedText {
    const names = [...this.#numbers.keys()];
    // Sorting is stable: of equally frequent words the one that came first is first.
    const kept = names
      .map((_, number) => number)
      .filter(number => this.#counts[number] >= minCount)
      .sort((a, b) => this.#counts[b] - this.#counts[a])
      .slice(0, maxWords);
    if (kept.length < 2) {
      const found = this.#read === 0 ? 'the text has no words' : `fewer than two words occur ${minCount} times or more`;
      throw new UserError('TSLM_NO_WORDS', found, { hint: 'give more text, or a smaller --min-count' });
    }
    const numberOf = new Int32Array(names.length).fill(-2);
    for (const [number, old] of kept.entries()) numberOf[old] = number;
    const tokens = this.#tokens;
    let length = 0;
    for (let i = 0; i < this.#length; i++) {
      const number = tokens[i] === SENTENCE_END ? SENTENCE_END : numberOf[tokens[i]];
      // A sentence of rare words alone is none.
      const isEmpty = number === SENTENCE_END && (length === 0 || tokens[length - 1] === SENTENCE_END);
      if (number >= SENTENCE_END && !isEmpty) tokens[length++] = number;
    }
    return {
      words: kept.map(old => names[old]),
      counts: kept.map(old => this.#counts[old]),
      tokens: tokens.slice(0, length),
      read: this.#read,
    };
  }
}
