/** Angles of rotary positions that PyTorch computed, for every kind of `rope_parameters`. */
import { readFileSync } from 'node:fs';

interface RopeCase {
  name: string;
  /** Positions of the sequence. */
  length: number;
  rope_parameters: Record<string, unknown>;
  inverse_frequencies: number[];
  attention_factor: number;
}

export const { cases: ropeCases } = JSON.parse(readFileSync('test/fixtures/rope/golden.json', 'utf8')) as {
  cases: RopeCase[];
};
