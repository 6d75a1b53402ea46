/** Levenshtein distance with the edits that reach it, within Tercom's beam about the diagonal (Snover et al. 2006). */

/** What happens to a word. */
export type Edit = 'same' | 'substitute' | 'insert' | 'delete';
export type Trace = readonly Edit[];

export interface EditDistance {
  cost: number;
  /** From a text to the reference, in order. */
  trace: Trace;
}

const BEAM = 25;

/** Distances of texts to one reference. */
export function createBeamDistance(reference: readonly string[]): (words: readonly string[]) => EditDistance {
  const known = new Map<string, EditDistance>();
  return words => {
    const key = words.join('\0');
    const found = known.get(key) ?? distance(words, reference);
    known.set(key, found);
    return found;
  };
}

/** The edits, by backtracking from the end. */
export const flipped = (trace: Trace): Trace =>
  trace.map(edit => (edit === 'insert' ? 'delete' : edit === 'delete' ? 'insert' : edit));

function distance(words: readonly string[], reference: readonly string[]): EditDistance {
  const [rows, columns] = [words.length + 1, reference.length + 1];
  const costs = new Float64Array(rows * columns).fill(Number.POSITIVE_INFINITY);
  const edits = new Array<Edit>(rows * columns);
  for (let j = 0; j < columns; j++) {
    costs[j] = j;
    edits[j] = 'insert';
  }
  const ratio = words.length > 0 ? reference.length / words.length : 1;
  // Where lengths differ much, rows would not overlap.
  const beam = BEAM < ratio / 2 ? Math.ceil(ratio / 2 + BEAM) : BEAM;
  for (let i = 1; i < rows; i++) {
    const diagonal = Math.floor(i * ratio);
    const end = i === words.length ? columns : Math.min(columns, diagonal + beam);
    for (let j = Math.max(0, diagonal - beam); j < end; j++) {
      const here = i * columns + j;
      const above = here - columns;
      const take = (cost: number, edit: Edit): void => {
        if (costs[here] <= cost) return;
        costs[here] = cost;
        edits[here] = edit;
      };
      if (j > 0) {
        const isSame = words[i - 1] === reference[j - 1];
        take(costs[above - 1] + (isSame ? 0 : 1), isSame ? 'same' : 'substitute');
      }
      take(costs[above] + 1, 'delete');
      if (j > 0) take(costs[here - 1] + 1, 'insert');
    }
  }
  const trace: Edit[] = [];
  for (let [i, j] = [words.length, reference.length]; i > 0 || j > 0; ) {
    const edit = edits[i * columns + j];
    trace.push(edit);
    if (edit !== 'insert') i--;
    if (edit !== 'delete') j--;
  }
  return { cost: costs[rows * columns - 1], trace: trace.reverse() };
}
