/**
 * The speed of encoding beside the machine's ceiling: one pass that loads and hashes every character, which no encoder
 * that looks pre-tokens up can do without.
 */
import { availableParallelism } from 'node:os';
import { UserError } from '../support/errors.ts';
import { hashUnits, UnitBuffer } from '../tokenizers/byte-bpe/unit-table.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

export interface EncodingThroughput {
  /** Of the text. */
  bytes: number;
  lines: number;
  tokens: number;
  /** Bytes a second in one thread: ids of line after line, of the text as a whole, and with offsets and masks. */
  linesPerThread: number;
  wholePerThread: number;
  batchPerThread: number;
  ceiling: number;
  /** Of encoding line after line. */
  ceilingRatio: number;
  peer?: {
    /** Bytes a second with all cores. */
    rate: number;
    threads: number;
    /** Our line after line divided by the peer. */
    ratio: number;
  };
}

/** Encodes lines to whatever its encodings are. */
export type EncodeLines = (lines: string[]) => unknown;

/**
 * @param options.rounds of which the fastest counts; the ways and the peer take turns. Default 5
 * @param options.peer see `nativePeer`
 */
export async function encodingThroughput(
  tokenizer: Tokenizer,
  text: string,
  { rounds = 5, peer }: { rounds?: number; peer?: EncodeLines } = {},
): Promise<EncodingThroughput> {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const buffer = new UnitBuffer();
  const best = await fastestOf(rounds, {
    lines: () => lines.map(line => tokenizer.encodeIds(line)),
    whole: () => tokenizer.encodeIds(text),
    batch: () => tokenizer.encodeBatch(lines),
    ceiling: () => hashUnits(buffer.units, 0, buffer.load(text)),
    ...(peer && { peer: () => peer(lines) }),
  });
  const bytes = Buffer.byteLength(text);
  return {
    bytes,
    lines: lines.length,
    tokens: tokenizer.encodeIds(text).length,
    linesPerThread: bytes / best.lines,
    wholePerThread: bytes / best.whole,
    batchPerThread: bytes / best.batch,
    ceiling: bytes / best.ceiling,
    ceilingRatio: best.ceiling / best.lines,
    ...(peer && {
      peer: { rate: bytes / best.peer, threads: availableParallelism(), ratio: best.peer / best.lines },
    }),
  };
}

/** Hugging Face's native npm package with the same tokenizer. Throws a `UserError` where it is not installed. */
export async function nativePeer(tokenizer: Tokenizer): Promise<EncodeLines> {
  const { Tokenizer: Native } = await import('tokenizers').catch((cause: unknown) => {
    throw new UserError('TSLM_NO_PEER', 'the npm package `tokenizers` is not installed', {
      hint: '`npm install --no-save tokenizers` in the folder of tslm',
      cause,
    });
  });
  const native = Native.fromString(JSON.stringify(tokenizer.toJSON()));
  return lines => native.encodeBatch(lines);
}

/** Seconds of the fastest round of each. */
async function fastestOf(rounds: number, ways: Record<string, () => unknown>): Promise<Record<string, number>> {
  const best: Record<string, number> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, way] of Object.entries(ways)) {
      const start = performance.now();
      await way();
      best[name] = Math.min(best[name] ?? Number.POSITIVE_INFINITY, (performance.now() - start) / 1000);
    }
  }
  return best;
}
