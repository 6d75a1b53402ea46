/**
 * Which parameters a recipe means. A pattern is that of Python's `fnmatch` (`*`, `?`, `[0-3]`, `[!x]`, where `*` passes
 * over dots), and stands for the key that a parameter has in a checkpoint or for its path in our modules; the name of a
 * module stands for all that is inside: `model.layers.0`, `bert.embeddings`, `*.bias`.
 */
import { usageError } from '../support/errors.ts';
import { editDistance } from '../support/nearest.ts';
import type { NamedParameters } from './optimizers/optimizer.ts';

/** The checkpoint key of a module path. */
export type KeyOf = (name: string) => string;

/**
 * The names of the parameters that any of `patterns` means.
 *
 * @param where the key of the recipe, for errors: `train.freeze`
 * @throws UserError that names near ones, for a pattern that means none
 */
export function matchParameters(
  named: NamedParameters,
  patterns: readonly string[],
  { keyOf, where }: { keyOf: KeyOf; where: string },
): Set<string> {
  const places = named.map(([name]) => ({ name, spellings: [...new Set([keyOf(name), name])] }));
  const found = new Set<string>();
  for (const pattern of patterns) {
    const expression = expressionOf(pattern);
    const meant = places.filter(({ spellings }) => spellings.some(spelling => expression.test(spelling)));
    if (meant.length === 0) {
      const near = nearOnes(
        pattern,
        places.flatMap(({ spellings }) => spellings),
      );
      throw usageError(
        'TSLM_NO_PARAMETER',
        `'${where}': '${pattern}' matches no parameter of the model`,
        `near it there are ${near.map(name => `'${name}'`).join(', ')}`,
      );
    }
    for (const { name } of meant) found.add(name);
  }
  return found;
}

function expressionOf(pattern: string): RegExp {
  const source = pattern.replace(/\[(!?)([^\]]+)\]|[\s\S]/g, (part, negation?: string, set?: string) => {
    if (set !== undefined) return `[${negation ? '^' : ''}${set.replace(/[\\^]/g, '\\$&')}]`;
    if (part === '*') return '.*';
    return part === '?' ? '.' : part.replace(/[.+^${}()|[\]\\/-]/g, '\\$&');
  });
  return new RegExp(`^${source}(\\..*)?$`, 'u');
}

/** The parameters and modules whose names have the fewest letters to change. */
function nearOnes(pattern: string, names: readonly string[]): string[] {
  const modules = names.flatMap(name => {
    const parts = name.split('.');
    return parts.map((_, i) => parts.slice(0, i + 1).join('.'));
  });
  const plain = pattern.replace(/\.?\*\.?/g, '');
  const distances = [...new Set(modules)].map(name => {
    // `*.q_prj` is to find the end of a long name.
    const end = pattern.startsWith('*') ? name.split('.').slice(-plain.split('.').length).join('.') : name;
    return { name, distance: editDistance(plain, end) };
  });
  return distances
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name);
}
