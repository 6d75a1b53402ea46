/** Several streams as one, each item with the number of the stream that it comes from. */

/**
 * @param starts begin a stream each; all are aborted when one fails, or when the merged one is left
 * @param atOnce streams that run side by side
 */
export async function* merge<T>(
  starts: readonly ((signal: AbortSignal) => AsyncIterable<T>)[],
  signal: AbortSignal,
  atOnce: number,
): AsyncGenerator<[index: number, item: T]> {
  if (starts.length === 1) {
    for await (const item of starts[0](signal)) yield [0, item];
    return;
  }
  const controller = new AbortController();
  const follow = (): void => controller.abort(signal.reason);
  signal.addEventListener('abort', follow, { once: true });
  if (signal.aborted) follow();
  const arrived: [number, T][] = [];
  let failure: { error: unknown } | undefined;
  let wake: (() => void) | undefined;
  let begun = 0;
  let running = Math.min(atOnce, starts.length);
  const worker = async (): Promise<void> => {
    try {
      while (begun < starts.length && !failure) {
        const index = begun++;
        for await (const item of starts[index](controller.signal)) {
          arrived.push([index, item]);
          wake?.();
        }
      }
    } catch (error) {
      failure ??= { error };
      controller.abort(error);
    } finally {
      running--;
      wake?.();
    }
  };
  for (let i = running; i > 0; i--) void worker();
  try {
    while (running > 0 || arrived.length > 0) {
      for (const one of arrived.splice(0)) yield one;
      if (failure) break;
      if (running > 0 && arrived.length === 0) {
        await new Promise<void>(resolve => {
          wake = resolve;
        });
        wake = undefined;
      }
    }
    if (failure) throw failure.error;
  } finally {
    controller.abort(signal.aborted ? signal.reason : new Error('the others are no longer wanted'));
    signal.removeEventListener('abort', follow);
  }
}
