/**
 * word2vec's binary format: a line of how many words and numbers there are, then for each a word, a space and its numbers in
 * float32, little-endian. word2vec's own tool writes a newline after each; others do not.
 */
import type { WordVectors } from '../word-vectors.ts';
import { badVectors, quoted } from './errors.ts';
import type { Header, ParseOptions } from './header.ts';
import { type Input, NEWLINE, type Parser } from './input.ts';
import { Rows } from './rows.ts';

const SPACE = 0x20;
/** Words are short: where no space comes this is another format. */
const MAX_WORD = 1 << 16;

export function* parseBinary(input: Input, header: Header, { path, bytes, limit }: ParseOptions): Parser<WordVectors> {
  const { words, dimension } = header;
  if (bytes !== undefined && words * (2 + 4 * dimension) > bytes) {
    throw badVectors(
      path,
      `the header claims ${words} words of ${dimension} numbers, more than ${bytes} bytes can hold`,
    );
  }
  const rows = new Rows(dimension);
  const count = Math.min(words, limit ?? words);
  for (let i = 0; i < count; i++) {
    const cut = () => badVectors(path, `the file ends at word ${i + 1} of the ${words} that its header claims`);
    while ((yield* input.has(1)) && input.peek(1)[0] === NEWLINE) input.take(1);
    const length = yield* input.find(SPACE, MAX_WORD);
    if (length < 0 || length > MAX_WORD) throw input.available > MAX_WORD ? badVectors(path, 'no vectors') : cut();
    const word = new TextDecoder().decode(input.take(length));
    input.take(1);
    if (!(yield* input.has(4 * dimension))) throw cut();
    const values = input.take(4 * dimension);
    const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
    const place = rows.add(word) ?? new Float32Array(dimension);
    for (let j = 0; j < dimension; j++) {
      const value = view.getFloat32(4 * j, true);
      if (!Number.isFinite(value)) throw badVectors(path, `number ${j + 1} of the word ${quoted(word)} is ${value}`);
      place[j] = value;
    }
  }
  if (count < words) return rows.result();
  while (yield* input.has(1)) {
    if (input.take(1)[0] !== NEWLINE) throw badVectors(path, `there is more after the ${words} words of its header`);
  }
  return rows.result();
}
