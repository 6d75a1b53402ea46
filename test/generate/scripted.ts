/** A session without a model: numbers that depend on the whole text, and on nothing else. */
import type { Session } from '../../src/generate/sessions/session.ts';
import { createRandom } from '../../src/support/random.ts';

export function scriptedLogProbs(ids: readonly number[], vocab: number): number[] {
  const random = createRandom(ids.reduce((hash, id) => (hash * 31 + id + 7) % 1000003, 17));
  const logits = Array.from({ length: vocab }, () => 3 * random.next());
  const total = Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0));
  return logits.map(x => x - total);
}

export function scriptedSession(vocab: number): Session & { rows: number[][] } {
  return {
    rows: [],
    step(input) {
      this.rows = input.map((row, r) => [...(this.rows[r] ?? []), ...Array.from(row)]);
      return this.rows.map(ids => Float32Array.from(scriptedLogProbs(ids, vocab)));
    },
    selectRows(rows) {
      this.rows = rows.map(r => [...this.rows[r]]);
    },
    [Symbol.dispose]() {},
  };
}
