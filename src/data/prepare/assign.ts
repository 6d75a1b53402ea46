/** Which document falls to which split, and how much text each split gets. */
import type { SplitName } from '../corpus/corpus-index.ts';
import { byteOfCharacter, type SplitShares, splitByHash, tailBoundaries } from '../corpus/split.ts';
import type { SpoolReader, SpoolRecord } from './spool.ts';

/** A document, or a part of one that the boundary of two splits runs through. */
export interface Assigned {
  split: SplitName;
  /** Where the text lies in the spool, in bytes. */
  offset: number;
  bytes: number;
  characters: number;
  hashHigh: number;
}

export interface AssignOptions extends SplitShares {
  split: 'hash' | 'tail';
  seed: number;
  isDuplicate(document: number): boolean;
  /** The split that a whole source was given as, and whether its documents may be cut where two splits meet. */
  source(source: number): { split: SplitName | undefined; cuttable: boolean };
}

/** Decided once; the stages of `prepare` go through it as often as they need. */
export interface Assignment {
  readonly split: AssignOptions['split'];
  readonly sizes: Readonly<Record<SplitName, { characters: number; bytes: number }>>;
  /** Every document that stays, in reading order: read from the spool each time, since they may be too many for the memory. */
  documents(): Generator<Assigned>;
}

export function assignSplits(spool: SpoolReader, options: AssignOptions): Assignment {
  const tail = options.split === 'tail' ? tailBoundaries(countCharacters(spool, options), options) : undefined;
  const sizes = {
    train: { characters: 0, bytes: 0 },
    validation: { characters: 0, bytes: 0 },
    test: { characters: 0, bytes: 0 },
  };
  for (const { split, characters, bytes } of documents()) {
    sizes[split].characters += characters;
    sizes[split].bytes += bytes;
  }
  return { split: options.split, sizes, documents };

  function* documents(): Generator<Assigned> {
    let position = 0;
    let document = 0;
    for (const record of spool.all()) {
      if (options.isDuplicate(document++)) continue;
      const source = options.source(record.source);
      if (source.split) {
        yield { split: source.split, ...record };
      } else if (!tail) {
        yield { split: splitByHash(record.hashHigh, record.hashLow, options.seed, options), ...record };
      } else if (source.cuttable) {
        yield* cutAt(spool, record, [
          ['train', tail.validation - position],
          ['validation', tail.test - position],
          ['test', Number.POSITIVE_INFINITY],
        ]);
        position += record.characters;
      } else {
        const split = position < tail.validation ? 'train' : position < tail.test ? 'validation' : 'test';
        yield { split, ...record };
        position += record.characters;
      }
    }
  }
}

/** The parts of a document up to each limit, in characters from its start; limits may lie before or behind it. */
function* cutAt(spool: SpoolReader, record: SpoolRecord, limits: [SplitName, number][]): Generator<Assigned> {
  let done = 0;
  let doneBytes = 0;
  for (const [split, limit] of limits) {
    const characters = Math.min(limit, record.characters) - done;
    if (characters <= 0) continue;
    const rest = record.bytes - doneBytes;
    const offset = record.offset + doneBytes;
    const last = done + characters === record.characters;
    const bytes = last ? rest : byteOfCharacter(spool.read(offset, rest), characters);
    yield { split, offset, bytes, characters, hashHigh: record.hashHigh };
    done += characters;
    doneBytes += bytes;
  }
}

/** Of the documents that are to be split. */
function countCharacters(spool: SpoolReader, { isDuplicate, source }: AssignOptions): number {
  let characters = 0;
  let document = 0;
  for (const record of spool.all()) {
    if (!isDuplicate(document++) && !source(record.source).split) characters += record.characters;
  }
  return characters;
}
