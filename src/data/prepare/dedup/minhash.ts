/** Signatures of sets whose agreement estimates the Jaccard similarity, and their bands (locality-sensitive hashing). */
import { mix32 } from '../../corpus/hash.ts';

/**
 * MinHash (Broder 1997) in one permutation: each shingle falls into one bin, of which the smallest is kept (Li, Owen &
 * Zhang 2012), and empty bins borrow from full ones by "optimal densification" (Shrivastava 2017). One hash a shingle
 * rather than one a shingle and bin; two sets still agree in a bin with probability equal to their Jaccard similarity.
 */
const EMPTY = 0xffffffff;
const MAX_BINS = 128;

/**
 * Writes the signature of a set of shingles to `signature`, one bin an element. Repeated shingles do no harm.
 * At least one shingle is needed, and a signature has at most 128 bins.
 */
export function minHash(shingles: Uint32Array, signature: Uint32Array): void {
  const bins = signature.length;
  signature.fill(EMPTY);
  let full = 0;
  for (let i = 0; i < shingles.length; i++) {
    const hash = shingles[i];
    // The upper half of the hash chooses the bin: a multiplication instead of a remainder.
    const bin = ((hash >>> 16) * bins) >>> 16;
    const smallest = signature[bin];
    if (smallest === EMPTY) full++;
    if (hash < smallest) signature[bin] = hash;
  }
  if (full < bins) densify(signature);
}

/** For each bin, the bins that it borrows from: the first full one of these, the same for all documents. */
const PROBES = 64;
const probes = Uint8Array.from({ length: MAX_BINS * PROBES }, (_, i) => mix32(i + 1) >>> 25);

/** Every empty bin takes the value of a full one; the next one where chance found none. */
function densify(signature: Uint32Array): void {
  const bins = signature.length;
  const sparse = signature.slice();
  for (let bin = 0; bin < bins; bin++) {
    let from = bin;
    for (let probe = bin * PROBES; sparse[from] === EMPTY && probe < (bin + 1) * PROBES; probe++) {
      if (probes[probe] < bins) from = probes[probe];
    }
    while (sparse[from] === EMPTY) from = from + 1 === bins ? 0 : from + 1;
    signature[bin] = sparse[from];
  }
}

export interface Bands {
  bands: number;
  /** Bins in a band: two documents meet when all of them agree in some band. */
  rows: number;
}

const MIN_RECALL = 0.98;

/** The chance that two documents of this similarity meet in some band: 1 - (1 - s^rows)^bands. */
export const meetingChance = (similarity: number, { bands, rows }: Bands): number =>
  1 - (1 - similarity ** rows) ** bands;

/** The most selective bands of at most 128 bins in all that still find 98% of the pairs at the threshold. */
export function bandsFor(threshold: number): Bands {
  for (let rows = MAX_BINS; rows > 1; rows--) {
    const bands = { bands: Math.floor(MAX_BINS / rows), rows };
    if (meetingChance(threshold, bands) >= MIN_RECALL) return bands;
  }
  return { bands: MAX_BINS, rows: 1 };
}

/** Writes one 32-bit key a band to `keys`, never 0. */
export function bandKeys(signature: Uint32Array, { bands, rows }: Bands, keys: Uint32Array): void {
  for (let band = 0; band < bands; band++) {
    let key = band;
    for (let row = 0; row < rows; row++) key = mix32(Math.imul(key, 0x9e3779b1) ^ signature[band * rows + row]);
    keys[band] = key || 1;
  }
}
