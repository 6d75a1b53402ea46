/** The second half of `prepare`: tokenization in worker threads, and shards. */
import type { Pool } from '../../support/worker-pool.ts';
import { type CorpusIndex, SPLITS, type SplitName } from '../corpus/corpus-index.ts';
import { ShardWriter } from '../corpus/shards.ts';
import { CHUNK_BYTES } from '../readers/chunk.ts';
import type { Assigned } from './assign.ts';
import type { DocumentFrame } from './document-frame.ts';
import type { PrepareAnswer, PrepareRequest } from './prepare-jobs.ts';

export interface WriteOptions {
  folder: string;
  dtype: CorpusIndex['dtype'];
  frame: DocumentFrame;
  shardTokens: number;
  /** The language whose sentences are recorded; undefined for none. */
  sentences: string | undefined;
  /** Told the bytes of text that were tokenised so far. */
  onProgress(done: number): void;
}

/** Tokenises the documents in the worker threads and writes the shards of all splits, in order. */
export async function writeSplits(
  assigned: Iterable<Assigned>,
  pool: Pool<PrepareRequest, PrepareAnswer>,
  { folder, dtype, frame, shardTokens, sentences, onProgress }: WriteOptions,
): Promise<CorpusIndex['splits']> {
  const writers = new Map<SplitName, ShardWriter>(
    SPLITS.map(split => [split, new ShardWriter(folder, split, { shardTokens, sentences: sentences !== undefined })]),
  );
  const sent: Assigned[][] = [];
  let done = 0;
  const requests = function* (): Generator<PrepareRequest> {
    for (const group of groupsOf(assigned)) {
      sent.push(group);
      const ranges = Float64Array.from(group.flatMap(({ offset, bytes }) => [offset, bytes]));
      yield { kind: 'encode', ranges, dtype, frame, sentences };
    }
  };
  try {
    for await (const answer of pool.map(requests())) {
      if (answer.kind !== 'encode') continue;
      let start = 0;
      for (const [i, document] of (sent.shift() as Assigned[]).entries()) {
        const end = start + answer.lengths[i];
        const unknown = { tokens: answer.unknown[2 * i], bytes: answer.unknown[2 * i + 1] };
        writers
          .get(document.split)
          ?.add(answer.tokens.subarray(start, end), { ...document, unknown }, answer.sentences?.[i]);
        done += document.bytes;
        start = end;
      }
      onProgress(done);
    }
    return Object.fromEntries([...writers].map(([split, writer]) => [split, writer.finish()])) as CorpusIndex['splits'];
  } finally {
    for (const writer of writers.values()) writer.abandon();
  }
}

/** Groups documents that lie near each other in the spool into about 1 MB of text. */
function* groupsOf(assigned: Iterable<Assigned>): Generator<Assigned[]> {
  let group: Assigned[] = [];
  for (const document of assigned) {
    if (group.length > 0 && document.offset + document.bytes - group[0].offset > CHUNK_BYTES) {
      yield group;
      group = [];
    }
    group.push(document);
  }
  if (group.length > 0) yield group;
}
