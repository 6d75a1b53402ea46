/**
 * Locality-sensitive hashing: pairs of documents that share the key of a band. One band at a time, so that memory is
 * that of one band: an open-addressing table of document numbers, beside the keys themselves.
 */

export interface PairOptions {
  /** Documents for which no pair is needed any more. */
  skip?: (document: number) => boolean;
  /** Pairs in a batch. Default 1024. */
  batch?: number;
}

/**
 * Pairs (earlier, later) of documents with equal keys, flat, in the order of the later one. Each document is paired with
 * the first document that has its key and with the last before it, so that a key that many share costs no more than one
 * that few share.
 *
 * @param keys one a document; 0 for documents that take no part
 */
export function* candidatePairs(
  keys: Uint32Array,
  { skip = () => false, batch = 1024 }: PairOptions = {},
): Generator<Uint32Array> {
  const slots = 2 ** Math.ceil(Math.log2(Math.max(16, 1.5 * keys.length)));
  // Document numbers from 1; 0 is a free slot.
  const first = new Uint32Array(slots);
  const last = new Uint32Array(slots);
  let pairs: number[] = [];
  for (let document = 0; document < keys.length; document++) {
    const key = keys[document];
    if (key === 0) continue;
    let slot = key & (slots - 1);
    while (first[slot] !== 0 && keys[first[slot] - 1] !== key) slot = (slot + 1) & (slots - 1);
    if (first[slot] === 0) {
      first[slot] = document + 1;
    } else if (!skip(document)) {
      pairs.push(first[slot] - 1, document);
      if (last[slot] !== first[slot]) pairs.push(last[slot] - 1, document);
    }
    last[slot] = document + 1;
    if (pairs.length >= 2 * batch) {
      yield Uint32Array.from(pairs);
      pairs = [];
    }
  }
  if (pairs.length > 0) yield Uint32Array.from(pairs);
}
