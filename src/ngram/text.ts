/**
 * Plain text as sentences for an n-gram model: a line is a document, its words (or characters) are the tokens. Symbols
 * and separators are those of KenLM's lmplz.
 */
import { UserError } from '../support/errors.ts';
import type { NgramVocabulary } from './vocabulary.ts';

/** What a token of the text is. Characters are Unicode code points, spaces among them. */
export type TextUnits = 'words' | 'characters';

export const UNKNOWN = '<unk>';
export const START = '<s>';
export const END = '</s>';

export class Lexicon {
  readonly #ids = new Map<string, number>();
  readonly units: TextUnits;
  /** Words by id. */
  readonly words: string[] = [];

  /** @param words words by id, with `<unk>`, `<s>` and `</s>` among them; default: these three alone */
  constructor(units: TextUnits, words: Iterable<string> = [UNKNOWN, START, END]) {
    this.units = units;
    for (const word of words) this.#add(word);
  }

  get vocabulary(): NgramVocabulary {
    const id = (symbol: string) => {
      const found = this.#ids.get(symbol);
      if (found === undefined) {
        throw new UserError('TSLM_NGRAM_SYMBOL', `the vocabulary has no ${symbol}`, {
          hint: `an n-gram model of text needs ${UNKNOWN}, ${START} and ${END}`,
        });
      }
      return found;
    };
    return { size: this.words.length, start: id(START), end: id(END), unknown: id(UNKNOWN) };
  }

  #add(word: string): number {
    const id = this.words.push(word) - 1;
    this.#ids.set(word, id);
    return id;
  }

  /**
   * The ids of `text`, each line closed by `</s>`. The word `<unk>` in a text is the unknown word.
   *
   * @param options.grow give new words ids of their own instead of the unknown word's. Default false
   * @throws UserError for `<s>` or `</s>` as a word
   */
  encode(text: string, { grow = false }: { grow?: boolean } = {}): Uint32Array {
    const { end, unknown } = this.vocabulary;
    const ids: number[] = [];
    for (const line of linesOf(text)) {
      for (const word of this.split(line)) {
        if (word === START || word === END) {
          throw new UserError('TSLM_NGRAM_RESERVED', `'${word}' cannot be a word: '${line.trim().slice(0, 60)}'`, {
            hint: 'it stands for the edge of a line in n-gram models: take it out of the text',
          });
        }
        ids.push(this.#ids.get(word) ?? (grow ? this.#add(word) : unknown!));
      }
      ids.push(end!);
    }
    return Uint32Array.from(ids);
  }

  /** The words of one line. */
  split(line: string): string[] {
    return this.units === 'characters' ? [...line] : line.split(/[\0\t\r ]+/).filter(Boolean);
  }

  /** The ids of the beginning of a line, without an end. */
  encodePrompt(text: string): Uint32Array {
    const { unknown } = this.vocabulary;
    return Uint32Array.from(this.split(text), word => this.#ids.get(word) ?? unknown!);
  }

  decode(ids: Iterable<number>): string {
    const { end } = this.vocabulary;
    const words = Array.from(ids, id => (id === end ? '\n' : this.words[id]));
    return this.units === 'characters' ? words.join('') : words.join(' ').replace(/ ?\n ?/g, '\n');
  }
}

/** Lines without their `\n`; the last one may lack it. */
function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
