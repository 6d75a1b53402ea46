/** The first piece of a stream, and the whole of it again. */
export async function peek(
  stream: AsyncIterable<Uint8Array>,
): Promise<{ beginning: Uint8Array; all: AsyncGenerator<Uint8Array> }> {
  const pieces = stream[Symbol.asyncIterator]();
  const first = await pieces.next();
  async function* all(): AsyncGenerator<Uint8Array> {
    if (!first.done) yield first.value;
    try {
      for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value;
    } finally {
      await pieces.return?.();
    }
  }
  return { beginning: first.done ? new Uint8Array(0) : first.value, all: all() };
}
