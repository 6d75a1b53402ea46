/** Fast reading of text files line by line. */
import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { explainFileError } from '../support/errors.ts';

const CHUNK_BYTES = 1 << 20;

/** The lines of a UTF-8 file without their `\n` or `\r\n`, a chunk in memory at a time. */
export function* linesOfFile(path: string): Generator<string> {
  const decoder = new StringDecoder('utf8');
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  const fd = open(path);
  try {
    let rest = '';
    for (let read = readSync(fd, chunk); read > 0; read = readSync(fd, chunk)) {
      const lines = (rest + decoder.write(chunk.subarray(0, read))).split('\n');
      rest = lines.pop()!;
      for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
    }
    rest += decoder.end();
    if (rest !== '') yield rest;
  } finally {
    closeSync(fd);
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw explainFileError(error, path);
  }
}
