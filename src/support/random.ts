/**
 * A small seeded generator for choices made in JavaScript: shuffles, sampling, test data.
 * xoshiro128** (Blackman & Vigna 2018), seeded by splitmix32. Its state can be saved and restored.
 */
export interface Random {
  /** Uniform in [0, 1), 53 bits. */
  next(): number;
  /** Uniform integer in [0, n). */
  below(n: number): number;
  /** Fisher–Yates, in place. */
  shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T;
  state(): [number, number, number, number];
}

export function createRandom(seed: number | [number, number, number, number]): Random {
  let [a, b, c, d] = Array.isArray(seed) ? seed : splitmix(seed);

  const uint32 = (): number => {
    const result = Math.imul(rotl(Math.imul(b, 5), 7), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotl(d, 11);
    return result;
  };
  const next = (): number => ((uint32() >>> 5) * 67108864 + (uint32() >>> 6)) / 9007199254740992;
  const below = (n: number): number => Math.floor(next() * n);
  return {
    next,
    below,
    shuffle(items) {
      for (let i = items.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [items[i], items[j]] = [items[j], items[i]];
      }
      return items;
    },
    state: () => [a >>> 0, b >>> 0, c >>> 0, d >>> 0],
  };
}

/**
 * The generator of one example: it follows from the seed, the epoch and the example's number alone, so that any example can
 * be made again without those before it.
 */
export function randomFor(seed: number, epoch: number, index: number): Random {
  const [a, b, c, d] = splitmix(seed);
  const more = mixer((Math.imul(epoch + 1, 0x85ebca6b) ^ Math.floor(index / 4294967296)) >>> 0);
  const [e, f] = [more(), more()];
  const last = mixer((index ^ e) >>> 0);
  // All four words differ between examples: the first number drawn is a function of the second word alone.
  return createRandom([a ^ last(), b ^ f ^ last(), c ^ last(), d ^ last()]);
}

const rotl = (x: number, k: number): number => (x << k) | (x >>> (32 - k));

function splitmix(seed: number): [number, number, number, number] {
  const low = mixer(seed >>> 0);
  const [a, b, c, d] = [low(), low(), low(), low()];
  // What does not fit 32 bits goes into the other half of the state.
  const rest = Math.floor(seed / 4294967296);
  if (rest === 0) return [a, b, c, d];
  const high = mixer(rest >>> 0);
  return [a, b, c ^ high(), d ^ high()];
}

function mixer(state: number): () => number {
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
}

/** A seed for whoever gives none: another one each time. */
export const randomSeed = (): number => Math.floor(Math.random() * 2 ** 31);
