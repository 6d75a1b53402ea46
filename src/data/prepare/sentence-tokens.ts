/** Which tokens of a text its sentences begin with. */
import { sentenceStarts } from '../sentences.ts';

const WHITE = /\s/;

/** Tokens of a text, and which of its code points each stands for: see `Encoding`. */
export interface PlacedTokens {
  starts: readonly number[];
  ends: readonly number[];
}

/**
 * The first token of each sentence, rising, the first one 0. A token belongs to the sentence in which its first character lies
 * that is no white space: one that reaches over a border stays with the sentence that it begins in, and one of white space
 * alone with the sentence before it. A sentence of which no token is left is none.
 *
 * @param locale see `sentenceStarts`
 */
export function sentenceTokens(text: string, { starts, ends }: PlacedTokens, locale: string): number[] {
  const { sentences, written } = placesOf(text, sentenceStarts(text, locale));
  const first: number[] = [];
  let next = 0;
  for (let token = 0; token < starts.length; token++) {
    const place = written[starts[token]];
    if (place >= ends[token] || !(place >= sentences[next])) continue;
    first.push(token);
    while (place >= sentences[next]) next++;
  }
  // White space before the first sentence is the first one's.
  return starts.length === 0 ? [] : [0, ...first.slice(1)];
}

/**
 * In code points: where each sentence is written from on (white space before it left out, and sentences of nothing else), and
 * for each place the first one from there on that is no white space.
 */
function placesOf(text: string, borders: readonly number[]): { sentences: number[]; written: Uint32Array } {
  const sentences: number[] = [];
  const characters = [...text];
  let unit = 0;
  let border = 0;
  let isNew = false;
  for (const [place, character] of characters.entries()) {
    if (unit === borders[border]) {
      border++;
      isNew = true;
    }
    unit += character.length;
    if (!isNew || WHITE.test(character)) continue;
    sentences.push(place);
    isNew = false;
  }
  const written = new Uint32Array(characters.length + 1);
  written[characters.length] = characters.length;
  for (let place = characters.length - 1; place >= 0; place--) {
    written[place] = WHITE.test(characters[place]) ? written[place + 1] : place;
  }
  return { sentences, written };
}
