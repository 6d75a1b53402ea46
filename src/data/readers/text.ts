/** Reading text and source code: a file, a paragraph or a line a document. */
import { CHUNK_BYTES, type Layout } from './chunk.ts';
import { cutPoint, lastLineEnd, lastParagraphEnd } from './cut.ts';

export interface TextOptions {
  layout: Exclude<Layout, 'packed' | 'json-packed'>;
  /** A longer document is cut, at the end of a paragraph where there is one; a longer JSON line is the caller's matter. */
  maxDocumentBytes: number;
  /** Cut only where the tokens stay as they were: see `cutPoint`. */
  exact: boolean;
}

/**
 * Gathers a stream of bytes into pieces that hold whole documents of the layout: one document of at most
 * `maxDocumentBytes`, or about 1 MB of lines, paragraphs or records. Memory does not grow with the file, whatever its
 * lines are like.
 */
export async function* readText(
  stream: AsyncIterable<Uint8Array>,
  { layout, maxDocumentBytes, exact }: TextOptions,
): AsyncGenerator<Uint8Array> {
  const target = layout === 'document' ? maxDocumentBytes + 1 : Math.min(CHUNK_BYTES, maxDocumentBytes);
  const parts: Uint8Array[] = [];
  let size = 0;
  // The first size at which looking for a boundary again is worth the concatenation.
  let next = target;
  for await (const bytes of stream) {
    parts.push(bytes);
    size += bytes.length;
    if (size < next) continue;
    let rest: Uint8Array = Buffer.concat(parts);
    while (rest.length >= target) {
      const end = boundary(rest);
      if (end === 0) break;
      yield rest.subarray(0, end);
      rest = rest.subarray(end);
    }
    parts.length = 0;
    parts.push(rest);
    size = rest.length;
    next = size < target ? target : Math.min(2 * size, Math.max(size + 1, maxDocumentBytes + 1));
  }
  if (size > 0) yield Buffer.concat(parts);

  function boundary(bytes: Uint8Array): number {
    const end = layout === 'document' ? 0 : layout === 'paragraphs' ? lastParagraphEnd(bytes) : lastLineEnd(bytes);
    return end > 0 || bytes.length <= maxDocumentBytes ? end : cutPoint(bytes, maxDocumentBytes, { exact });
  }
}
