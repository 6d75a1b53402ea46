/** How training speed grows: the settings of a benchmark along one of its sizes. */
import type { ThroughputOptions } from './training.ts';

export const SWEEPS = ['context', 'batch', 'size'] as const;
export type Sweep = (typeof SWEEPS)[number];
type Sizes = Omit<ThroughputOptions, 'dtype' | 'peer'>;

/** The last two are GPT-2 small and medium. */
const models = [
  { name: '1M', layers: 2, hidden: 128, heads: 2, vocab: 4096 },
  { name: '10M', layers: 6, hidden: 320, heads: 5, vocab: 8192 },
  { name: '50M', layers: 8, hidden: 640, heads: 10, vocab: 16_384 },
  { name: '124M', layers: 12, hidden: 768, heads: 12, vocab: 50_257 },
  { name: '350M', layers: 24, hidden: 1024, heads: 16, vocab: 50_257 },
];

const powers = (first: number, last: number): number[] =>
  Array.from({ length: Math.log2(last / first) + 1 }, (_, i) => first * 2 ** i);

/**
 * `context`: 128 to 4096 tokens, those of a step held constant, so no context is longer than these; `batch`: 1 to 64
 * sequences; `size`: models of 1 to 350 million weights.
 */
export function sweepRows<O extends Sizes>(sweep: Sweep, options: O): { name: string; options: O }[] {
  const tokens = options.batch * options.seq;
  switch (sweep) {
    case 'context':
      return powers(128, 4096)
        .filter(seq => seq <= tokens)
        .map(seq => ({ name: `${seq}`, options: { ...options, seq, batch: Math.round(tokens / seq) } }));
    case 'batch':
      return powers(1, 64).map(batch => ({ name: `${batch}`, options: { ...options, batch } }));
    case 'size':
      return models.map(({ name, ...sizes }) => ({ name, options: { ...options, ...sizes } }));
  }
}
