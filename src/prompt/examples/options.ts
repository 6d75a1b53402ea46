/** How a prompt's examples are chosen: what its file says under `examples`. */
import { z } from 'zod';

export const examplesSchema = z.strictObject({
  /** Rows as they are. */
  rows: z.array(z.record(z.string(), z.unknown())).optional(),
  /** Or a file of rows: JSON, JSON Lines, CSV, packed or not; `.txt`: worked examples as BIG-Bench Hard's prompts are. */
  file: z.string().optional(),
  /** fixed: the first ones; nearest and mmr: those like the question; balanced: of each label as many. */
  select: z.enum(['fixed', 'random', 'nearest', 'mmr', 'balanced']).default('fixed'),
  /** Examples before a question; 0 is none. Default: all that there are, or 8 where they are chosen. */
  count: z.int().min(0).optional(),
  /** Most tokens of all examples together. */
  budget: z.int().min(0).optional(),
  /** What makes questions alike. */
  by: z.enum(['bm25', 'embeddings']).default('bm25'),
  /** Of maximal marginal relevance: 1 counts likeness to the question alone, 0 unlikeness to the others. */
  lambda: z.number().min(0).max(1).default(0.5),
  /** The field that `balanced` goes by. Default: the right answer. */
  label: z.string().optional(),
  seed: z.int().default(0),
});
export type ExamplesOptions = z.output<typeof examplesSchema>;
