/** Bytes of a text in any encoding as UTF-8, without a byte order mark. */
import { encodingOfMark } from './decide.ts';
import { createDecoder, type TextStreamDecoder } from './decoder.ts';

/** @param encoding a label of the WHATWG Encoding Standard; a byte order mark overrules it */
export async function* toUtf8(pieces: AsyncIterable<Uint8Array>, encoding: string): AsyncGenerator<Uint8Array> {
  let decoder: TextStreamDecoder | undefined;
  let first = true;
  for await (let bytes of pieces) {
    if (first) {
      const marked = encodingOfMark(bytes);
      if (marked === 'utf-8') bytes = bytes.subarray(3);
      const actual = marked ?? encoding;
      if (actual !== 'utf-8') decoder = createDecoder(actual);
      first = false;
    }
    const utf8 = decoder ? Buffer.from(decoder.decode(bytes, { stream: true })) : bytes;
    if (utf8.length > 0) yield utf8;
  }
  const rest = decoder?.decode();
  if (rest) yield Buffer.from(rest);
}
