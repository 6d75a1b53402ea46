/** What all templates of one kind share: filters, tests, variables, and how strict they are. */
import type { Random } from '../../random.ts';
import type { Filter, Test } from '../filters/filter.ts';
import type { Value } from '../python/values.ts';

export interface Environment {
  filters: ReadonlyMap<string, Filter>;
  tests: ReadonlyMap<string, Test>;
  globals: ReadonlyMap<string, Value>;
  /** Names that hold nothing raise wherever they are used, but in `is defined` and `default`. */
  isStrict: boolean;
  /** Lists and dicts may be changed with their methods. */
  isMutable: boolean;
  /** For the filter `random`. */
  random: Random;
}
