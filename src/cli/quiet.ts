/** `--quiet`: errors and warnings alone on stderr. */

/** Progress and notes are dropped from here on; what begins with `tslm:` is an error or a warning. */
export function silenceProgress(stream: NodeJS.WriteStream = process.stderr): void {
  const write = stream.write.bind(stream) as (...given: unknown[]) => boolean;
  stream.write = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
    if (String(chunk).startsWith('tslm:')) return write(chunk, ...rest);
    (rest.find(one => typeof one === 'function') as (() => void) | undefined)?.();
    return true;
  }) as typeof stream.write;
}
