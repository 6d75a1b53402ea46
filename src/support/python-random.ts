/**
 * Python's `random.Random(seed)`: the Mersenne Twister (Matsumoto & Nishimura 1998) and what CPython draws from it, number by
 * number, so that few-shot examples and bootstraps are those of programs in Python.
 */

export interface PythonRandom {
  getrandbits(k: number): bigint;
  /** Uniform in [0, 1), 53 bits. */
  random(): number;
  /** Uniform integer in [0, n). */
  randrange(n: number): number;
  /** k different items, in the order of drawing. @throws RangeError when there are fewer */
  sample<T>(population: readonly T[], k: number): T[];
  /** k items, repeats allowed. */
  choices<T>(population: readonly T[], k: number): T[];
  shuffle<T>(items: T[]): T[];
}

/** @param seed a whole number; its sign does not count */
export function pythonRandom(seed: number): PythonRandom {
  const uint32 = mersenneTwister(wordsOf(Math.abs(seed)));

  function getrandbits(k: number): bigint {
    let value = 0n;
    for (let done = 0; done < k; done += 32) {
      const left = k - done;
      const word = left < 32 ? uint32() >>> (32 - left) : uint32();
      value |= BigInt(word) << BigInt(done);
    }
    return value;
  }
  const random = (): number => {
    const high = uint32() >>> 5;
    const low = uint32() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  };
  /** Draws of as many bits as n has, until one is below it. */
  function randrange(n: number): number {
    const bits = BigInt(n).toString(2).length;
    if (bits > 32) {
      let value = getrandbits(bits);
      while (value >= BigInt(n)) value = getrandbits(bits);
      return Number(value);
    }
    let value = uint32() >>> (32 - bits);
    while (value >= n) value = uint32() >>> (32 - bits);
    return value;
  }
  return {
    getrandbits,
    random,
    randrange,
    sample(population, k) {
      const n = population.length;
      if (k > n || k < 0) throw new RangeError(`a sample of ${k} from ${n}`);
      // A list of all is kept where it is smaller than a set of those drawn.
      const setSize = 21 + (k > 5 ? 4 ** Math.ceil(Math.log(k * 3) / Math.log(4)) : 0);
      if (n <= setSize) {
        const pool = [...population];
        return Array.from({ length: k }, (_, i) => {
          const at = randrange(n - i);
          const drawn = pool[at];
          pool[at] = pool[n - i - 1];
          return drawn;
        });
      }
      const selected = new Set<number>();
      return Array.from({ length: k }, () => {
        let at = randrange(n);
        while (selected.has(at)) at = randrange(n);
        selected.add(at);
        return population[at];
      });
    },
    choices: (population, k) => Array.from({ length: k }, () => population[Math.floor(random() * population.length)]),
    shuffle(items) {
      for (let i = items.length - 1; i > 0; i--) {
        const at = randrange(i + 1);
        [items[i], items[at]] = [items[at], items[i]];
      }
      return items;
    },
  };
}

/** 32 bits at a time, the lowest first. */
function wordsOf(seed: number): number[] {
  const words: number[] = [];
  for (let rest = BigInt(Math.trunc(seed)); rest > 0n; rest >>= 32n) words.push(Number(rest & 0xffffffffn));
  return words.length > 0 ? words : [0];
}

const N = 624;
const M = 397;

function mersenneTwister(key: readonly number[]): () => number {
  const state = new Uint32Array(N);
  state[0] = 19650218;
  for (let i = 1; i < N; i++) state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i;
  let i = 1;
  for (let k = 0, j = 0; k < Math.max(N, key.length); k++) {
    state[i] = (state[i] ^ Math.imul(state[i - 1] ^ (state[i - 1] >>> 30), 1664525)) + key[j] + j;
    i++;
    j = (j + 1) % key.length;
    if (i >= N) {
      state[0] = state[N - 1];
      i = 1;
    }
  }
  for (let k = 0; k < N - 1; k++) {
    state[i] = (state[i] ^ Math.imul(state[i - 1] ^ (state[i - 1] >>> 30), 1566083941)) - i;
    i++;
    if (i >= N) {
      state[0] = state[N - 1];
      i = 1;
    }
  }
  state[0] = 0x80000000;
  let at = N;
  return () => {
    if (at === N) {
      for (let n = 0; n < N; n++) {
        const y = (state[n] & 0x80000000) | (state[(n + 1) % N] & 0x7fffffff);
        state[n] = state[(n + M) % N] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
      }
      at = 0;
    }
    let y = state[at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}
