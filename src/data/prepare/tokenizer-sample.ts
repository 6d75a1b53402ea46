/** The sample of the training split that a tokenizer is trained on. */
import { mix32 } from '../corpus/hash.ts';
import { cutPoint } from '../readers/cut.ts';
import type { Assigned } from './assign.ts';
import type { SpoolReader } from './spool.ts';

const PIECE_BYTES = 1 << 16;

/**
 * The texts to train a tokenizer on: all of the training split when it has at most `maxBytes`, else pieces of it of up to
 * 64 kB, drawn by hash so that they come evenly from everywhere and do not depend on anything but text and seed.
 */
export function* sampleTrainingText(
  spool: SpoolReader,
  assigned: Iterable<Assigned>,
  { trainBytes, maxBytes, seed }: { trainBytes: number; maxBytes: number; seed: number },
): Generator<string> {
  const share = maxBytes / trainBytes;
  for (const { split, offset, bytes, hashHigh } of assigned) {
    if (split !== 'train') continue;
    let rest: Uint8Array = spool.read(offset, bytes);
    for (let piece = 0; rest.length > 0; piece++) {
      const end = rest.length > PIECE_BYTES ? cutPoint(rest, PIECE_BYTES) : rest.length;
      if (share >= 1 || mix32(mix32(hashHigh + piece) ^ mix32(seed)) / 2 ** 32 < share) {
        yield Buffer.from(rest.buffer, rest.byteOffset, end).toString('utf8');
      }
      rest = rest.subarray(end);
    }
  }
}
