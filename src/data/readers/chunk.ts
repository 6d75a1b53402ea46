/**
 * What readers hand to the workers: some bytes of one file, cut at the ends of documents, and how the documents lie in
 * them. Readers only look for boundaries; taking the documents out is the workers' part (`documents.ts`).
 */
export interface Chunk {
  /** Which of the input files. */
  source: number;
  /** The file, for messages. */
  path: string;
  /** The first chunk of its file. */
  first: boolean;
  layout: Layout;
  /** UTF-8. */
  bytes: Uint8Array;
  /** Layouts `packed` and `json-packed`: where each document or record ends in `bytes`. */
  ends?: Uint32Array;
}

/** One document; one a line; one a paragraph; one JSON object a line; documents, or JSON objects, that end at `ends`. */
export type Layout = 'document' | 'lines' | 'paragraphs' | 'json' | 'packed' | 'json-packed';

/** A chunk of many documents has about this many bytes. */
export const CHUNK_BYTES = 1 << 20;

/** Gathers texts into chunks of layout `packed`. */
export async function* packTexts(
  texts: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<{ bytes: Uint8Array; ends: Uint32Array }> {
  let parts: Buffer[] = [];
  let ends: number[] = [];
  let size = 0;
  const pack = () => ({ bytes: Buffer.concat(parts), ends: Uint32Array.from(ends) });
  for await (const text of texts) {
    const bytes = Buffer.from(text);
    parts.push(bytes);
    size += bytes.length;
    ends.push(size);
    if (size < CHUNK_BYTES) continue;
    yield pack();
    [parts, ends, size] = [[], [], 0];
  }
  if (ends.length > 0) yield pack();
}
