/** Near-duplicates among documents by the bands of their signatures. */
import type { SpoolReader } from '../spool.ts';
import { candidatePairs } from './lsh.ts';

/** Keys held in memory at a time; beyond that, the bands are gone through in several passes over the file of keys. */
const KEY_MEMORY_BYTES = 1 << 28;
const EXAMPLES = 5;

export interface NearDuplicate {
  /** Document that stays, or that was itself found to repeat an earlier one. */
  earlier: number;
  /** Document that is removed. */
  later: number;
  /** Jaccard similarity of their shingles. */
  similarity: number;
}

export interface NearDuplicates {
  count: number;
  isDuplicate(document: number): boolean;
  /** The first few, each of another document. */
  examples: NearDuplicate[];
}

export interface NearOptions {
  bands: number;
  /** Documents in the spool. */
  documents: number;
  threshold: number;
  /** The Jaccard similarity of each pair, batches in order. */
  compare(pairs: Iterable<Uint32Array>): AsyncIterable<Float32Array>;
}

/**
 * A document is a near-duplicate when an earlier one has a Jaccard similarity of at least `threshold` with it. Documents
 * that share a band's key are compared exactly, shingle by shingle, so that none is removed by mistake.
 */
export async function findNearDuplicates(
  spool: SpoolReader,
  { bands, documents, threshold, compare }: NearOptions,
): Promise<NearDuplicates> {
  const removed = new BitSet(documents);
  const result: NearDuplicates = { count: 0, isDuplicate: document => removed.has(document), examples: [] };
  const different = new PairCache();
  const perPass = Math.max(1, Math.min(bands, Math.floor(KEY_MEMORY_BYTES / (4 * Math.max(1, documents)))));
  for (let band = 0; band < bands; band += perPass) {
    const pass = spool.bandKeys(band, Math.min(perPass, bands - band), bands, documents);
    for (const keys of pass) {
      // What earlier bands found, so that the outcome does not depend on when answers arrive.
      const known = removed.copy();
      const sent: Uint32Array[] = [];
      const batches = function* (): Generator<Uint32Array> {
        for (const pairs of candidatePairs(keys, { skip: document => known.has(document) })) {
          const fresh = pairs.filter((_, i) => !different.has(pairs[i & ~1], pairs[i | 1]));
          if (fresh.length === 0) continue;
          sent.push(fresh);
          yield fresh;
        }
      };
      for await (const similarities of compare(batches())) {
        const pairs = sent.shift() as Uint32Array;
        similarities.forEach((similarity, i) => {
          const [earlier, later] = [pairs[2 * i], pairs[2 * i + 1]];
          if (similarity < threshold) different.add(earlier, later);
          else if (removed.add(later)) {
            result.count++;
            if (result.examples.length < EXAMPLES && result.examples.every(example => example.earlier !== earlier)) {
              result.examples.push({ earlier, later, similarity });
            }
          }
        });
      }
    }
  }
  return result;
}

class BitSet {
  private readonly bits: Uint8Array;

  constructor(size: number, bits = new Uint8Array(Math.ceil(size / 8))) {
    this.bits = bits;
  }

  has(i: number): boolean {
    return (this.bits[i >>> 3] & (1 << (i & 7))) !== 0;
  }

  /** False when it was there already. */
  add(i: number): boolean {
    if (this.has(i)) return false;
    this.bits[i >>> 3] |= 1 << (i & 7);
    return true;
  }

  copy(): BitSet {
    return new BitSet(0, this.bits.slice());
  }
}

/** Remembers most of the pairs that were compared in vain, at a fixed cost in memory. */
class PairCache {
  private readonly earlier = new Uint32Array(1 << 16);
  private readonly later = new Uint32Array(1 << 16);

  private slot(earlier: number, later: number): number {
    return (Math.imul(earlier, 0x9e3779b1) ^ Math.imul(later, 0x85ebca6b)) >>> 16;
  }

  has(earlier: number, later: number): boolean {
    const slot = this.slot(earlier, later);
    // A later document is never number 0, which marks a free slot.
    return this.later[slot] === later && this.earlier[slot] === earlier;
  }

  add(earlier: number, later: number): void {
    const slot = this.slot(earlier, later);
    this.earlier[slot] = earlier;
    this.later[slot] = later;
  }
}
