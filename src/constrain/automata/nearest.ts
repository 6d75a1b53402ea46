/** The shortest ways to a match: what a text is closed with when little room is left. */
import type { Dfa } from './dfa.ts';
import type { Nfa } from './nfa.ts';

/** No way leads to a match. */
export const FAR = 2 ** 30;

/** Of bytes that lead equally near, letters and digits come before what would look like a mistake. */
export const PREFERRED: readonly number[] = (() => {
  const first = Buffer.from('"}] 0123456789aetoinsrhldcumfpgwybvkxjqzAETOINSRHLDCUMFPGWYBVKXJQZ,:.-_/');
  const rest = Array.from({ length: 256 }, (_, byte) => byte).filter(byte => !first.includes(byte));
  return [...first, ...rest];
})();

/** The byte of a range that comes first. */
export const preferredOf = (low: number, high: number): number =>
  low === high ? low : PREFERRED.find(byte => low <= byte && byte <= high)!;

/** For each state the fewest bytes to a match. */
export function distancesOfDfa({ next, classes, accepting }: Dfa): Int32Array {
  const from: number[] = [];
  const to: number[] = [];
  for (let i = 0; i < next.length; i++) {
    if (next[i] < 0) continue;
    from.push(Math.floor(i / classes));
    to.push(next[i]);
  }
  return breadthFirst(
    accepting.length,
    [...accepting.keys()].filter(state => accepting[state] === 1),
    [{ from, to, cost: 1 }],
  );
}

/** The same for the states of a nondeterministic automaton. */
export function distancesOfNfa({ edgeStarts, targets, jumpStarts, jumps, end }: Nfa): Int32Array {
  const sources = (starts: Int32Array): number[] => {
    const from: number[] = [];
    for (let s = 0; s + 1 < starts.length; s++) for (let i = starts[s]; i < starts[s + 1]; i++) from.push(s);
    return from;
  };
  return breadthFirst(
    edgeStarts.length - 1,
    [end],
    [
      { from: sources(edgeStarts), to: targets, cost: 1 },
      { from: sources(jumpStarts), to: jumps, cost: 0 },
    ],
  );
}

interface Links {
  from: ArrayLike<number>;
  to: ArrayLike<number>;
  cost: 0 | 1;
}

/** Backwards from where matches end, those first to which no byte leads. */
function breadthFirst(states: number, ends: readonly number[], all: readonly Links[]): Int32Array {
  const backwards = all.map(({ from, to, cost }) => {
    const starts = new Int32Array(states + 1);
    for (let i = 0; i < to.length; i++) starts[to[i] + 1]++;
    for (let s = 0; s < states; s++) starts[s + 1] += starts[s];
    const filled = starts.slice();
    const sources = new Int32Array(to.length);
    for (let i = 0; i < to.length; i++) sources[filled[to[i]]++] = from[i];
    return { starts, sources, cost };
  });
  const distances = new Int32Array(states).fill(FAR);
  let level = [...ends];
  for (const state of level) distances[state] = 0;
  for (let distance = 0; level.length > 0; distance++) {
    const next: number[] = [];
    for (let state = level.pop(); state !== undefined; state = level.pop()) {
      if (distances[state] < distance) continue;
      for (const { starts, sources, cost } of backwards) {
        for (let i = starts[state]; i < starts[state + 1]; i++) {
          const source = sources[i];
          if (distances[source] <= distance + cost) continue;
          distances[source] = distance + cost;
          (cost === 0 ? level : next).push(source);
        }
      }
    }
    level = next;
  }
  return distances;
}

export const furthestOf = (distances: Int32Array): number =>
  distances.reduce((most, distance) => (distance < FAR && distance > most ? distance : most), 0);
