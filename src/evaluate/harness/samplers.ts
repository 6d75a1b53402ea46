/** Which documents are shown as examples, draw by draw as lm-evaluation-harness draws them. */
import { usageError } from '../../support/errors.ts';
import { pythonRandom } from '../../support/python-random.ts';
import type { Doc } from './datasets.ts';

export interface Sampler {
  /**
   * @param doc to leave out, where it could be among them
   * @throws UserError when there are too few
   */
  sample(n: number, doc?: Doc): Doc[];
}

export interface SamplerOptions {
  /** `default` draws, `first_n` takes the first ones. */
  sampler?: 'default' | 'first_n';
  seed?: number;
  /** `default` draws from these rows of the pool alone. */
  indices?: readonly number[] | null;
  /** The task, for errors. */
  where: string;
}

/** One generator for all documents: what is drawn for one depends on those before it. */
export function createSampler(
  pool: readonly Doc[],
  { sampler = 'default', seed = 1234, indices, where }: SamplerOptions,
): Sampler {
  const random = pythonRandom(seed);
  const outside = indices?.find(index => index >= pool.length);
  if (outside !== undefined) {
    throw usageError(
      'TSLM_FEWSHOT',
      `${where}: fewshot_indices: there is no row ${outside}, the pool has ${pool.length}`,
      'rows count from 0',
    );
  }
  const chosen = indices && indices.length > 0 ? indices.map(index => pool[index]) : pool;
  const keys = new Map<Doc, string>();
  const keyOf = (doc: Doc): string => {
    const known = keys.get(doc) ?? JSON.stringify(doc, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
    keys.set(doc, known);
    return known;
  };
  const without = (docs: readonly Doc[], doc: Doc): Doc[] => docs.filter(one => keyOf(one) !== keyOf(doc));
  const tooFew = (n: number, there: number): Error =>
    usageError(
      'TSLM_FEWSHOT',
      `${where}: ${n} examples are asked for, and there are ${there} to choose from`,
      'use a smaller num_fewshot',
    );
  return {
    sample(n, doc) {
      if (n === 0) return [];
      if (sampler === 'first_n') {
        const rest = doc ? without(pool, doc) : pool;
        if (n > rest.length) throw tooFew(n, rest.length);
        return rest.slice(0, n);
      }
      const drawn = doc ? n + 1 : n;
      if (drawn > chosen.length) throw tooFew(drawn, chosen.length);
      if (!doc) return random.sample(chosen, n);
      const others = without(random.sample(chosen, n + 1), doc).slice(0, n);
      if (others.length === n) return others;
      const rest = without(chosen, doc);
      if (n > rest.length) throw tooFew(n, rest.length);
      return random.sample(rest, n);
    },
  };
}
