/** Building an encoding token by token. */
import type { AlignedText } from '../aligned-text.ts';
import type { ModelToken } from '../models/model.ts';
import type { Details } from './token-run.ts';

/** Gathers the tokens of one text, with offsets in UTF-16 units of that text. */
export class EncodingWriter {
  readonly ids: number[] = [];
  readonly details: Details & { wordIds: number[] } = { tokens: [], starts: [], ends: [], wordIds: [] };
  #words = 0;

  /** The tokens of the pre-token `text`. */
  word(tokens: readonly ModelToken[], text: AlignedText): void {
    for (const { id, token, start, end } of tokens) {
      this.#push(id, token, text.originalStart(start), text.originalEnd(end));
    }
    this.#words++;
  }

  /** The tokens of a pre-token, with offsets in the text as given less `base`. */
  givenWord(tokens: readonly ModelToken[], base: number): void {
    for (const { id, token, start, end } of tokens) this.#push(id, token, base + start, base + end);
    this.#words++;
  }

  #push(id: number, token: string, start: number, end: number): void {
    const { tokens, starts, ends, wordIds } = this.details;
    this.ids.push(id);
    tokens.push(token);
    starts.push(start);
    ends.push(end);
    wordIds.push(this.#words);
  }
}
