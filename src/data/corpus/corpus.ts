/** Opening a corpus folder: its index, its splits and its tokenizer. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../support/errors.ts';
import { readJson } from '../../support/files.ts';
import { parseOptions } from '../../support/schema.ts';
import { restoreFolder } from '../../support/write-folder.ts';
import { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { mapFile } from '../../torch/map-file.ts';
import {
  type CorpusIndex,
  corpusIndexSchema,
  offsetsFileOf,
  SPLITS,
  type SplitName,
  sentencesFileOf,
} from './corpus-index.ts';
import { CorpusSplit, type MappedShard } from './corpus-split.ts';
import { tokenizerHash } from './tokenizer-hash.ts';

/** A corpus directory, as `prepare` writes it. The token shards are memory-mapped, so opening costs next to nothing. */
export interface Corpus {
  readonly directory: string;
  readonly index: CorpusIndex;
  split(name: SplitName): CorpusSplit;
  /** The tokenizer that made the tokens. */
  tokenizer(): Tokenizer;
  /** Throws a `UserError` when the tokenizer at `path` (a file or a folder) encodes differently from the corpus's. */
  requireTokenizer(path: string): void;
  /** Reads everything and compares hashes; throws a `UserError` that names the first damaged file. */
  verify(): Promise<void>;
}

/**
 * Opens a corpus. Throws a `UserError` when there is none, when its index is malformed, when a shard is missing or has
 * another size than the index says, or when the tokenizer beside it is another one.
 */
export function openCorpus(directory: string): Corpus {
  const indexFile = join(directory, 'corpus.json');
  restoreFolder(directory);
  if (!existsSync(indexFile)) {
    throw new UserError('TSLM_NO_CORPUS', `${directory}: no corpus here (there is no corpus.json)`, {
      hint: 'make one with `tslm prepare INPUT --out DIR`',
    });
  }
  const index = parseOptions(corpusIndexSchema, readJson(indexFile), indexFile);
  requireHash(directory, index, 'the corpus was changed after it was made; prepare it again');

  const splits = Object.fromEntries(
    SPLITS.map(name => [name, new CorpusSplit(mapShards(directory, index, name), index.splits[name], index)]),
  ) as Record<SplitName, CorpusSplit>;
  return {
    directory,
    index,
    split: name => splits[name],
    tokenizer: () => Tokenizer.fromFile(directory),
    requireTokenizer: path =>
      requireHash(
        path,
        index,
        `use the tokenizer of ${directory}, or prepare the corpus again with --tokenizer ${path}`,
      ),
    verify: () => verifyHashes(directory, index),
  };
}

function requireHash(path: string, index: CorpusIndex, hint: string): void {
  const hash = tokenizerHash(path);
  if (hash === index.tokenizer_sha256) return;
  throw new UserError(
    'TSLM_OTHER_TOKENIZER',
    `${path}: tokenizer ${hash.slice(0, 12)}… is not the one that made the corpus (${index.tokenizer_sha256.slice(0, 12)}…)`,
    { hint },
  );
}

function mapShards(directory: string, index: CorpusIndex, name: SplitName): MappedShard[] {
  const width = index.dtype === 'uint16' ? 2 : 4;
  return index.splits[name].shards.map(shard => ({
    path: join(directory, shard.file),
    tokens: mapExactly(join(directory, shard.file), shard.tokens * width),
    offsets: mapExactly(join(directory, offsetsFileOf(shard.file)), shard.documents * 8),
    ...(index.splits[name].sentences !== undefined && {
      sentences: mapExactly(join(directory, sentencesFileOf(shard.file)), Math.ceil(shard.tokens / 8)),
    }),
  }));
}

/** Maps a file that must have this many bytes. */
function mapExactly(path: string, bytes: number): Uint8Array {
  const mapped = existsSync(path) ? mapFile(path) : undefined;
  const size = mapped?.length;
  if (mapped === undefined || size !== bytes) {
    const found = size === undefined ? 'is missing' : `has ${size} bytes`;
    throw new UserError('TSLM_DAMAGED_CORPUS', `${path}: ${found}, corpus.json says ${bytes}`, {
      hint: 'the copy was cut short or changed: copy the corpus again, or prepare it again',
    });
  }
  return mapped;
}

async function verifyHashes(directory: string, index: CorpusIndex): Promise<void> {
  const files = SPLITS.flatMap(name => index.splits[name].shards).flatMap(shard => [
    { file: shard.file, sha256: shard.sha256 },
    ...(shard.sentences_sha256 === undefined
      ? []
      : [{ file: sentencesFileOf(shard.file), sha256: shard.sentences_sha256 }]),
  ]);
  for (const { file, sha256 } of files) {
    const hash = createHash('sha256');
    for await (const bytes of createReadStream(join(directory, file))) hash.update(bytes as Uint8Array);
    if (hash.digest('hex') !== sha256) {
      throw new UserError('TSLM_DAMAGED_CORPUS', `${join(directory, file)}: the content is not what was written`, {
        hint: 'copy the corpus again, or prepare it again',
      });
    }
  }
}
