/** In which keys recipes differ. */
import type { RecipeDifferences } from './api.ts';

type Recipe = Record<string, unknown>;

/** Keys in the order of the recipes, those of the first one before others. */
export function recipeDifferences(recipes: readonly (readonly [run: string, recipe: Recipe])[]): RecipeDifferences {
  const flat = recipes.map(([, recipe]) => new Map(flatten(recipe)));
  const keys = [...new Set(flat.flatMap(recipe => [...recipe.keys()]))];
  const rows = keys.map(key => ({ key, values: flat.map(recipe => recipe.get(key) ?? null) }));
  return {
    runs: recipes.map(([run]) => run),
    keys: rows.filter(
      ({ key, values }) => key !== 'name' && new Set(values.map(value => JSON.stringify(value))).size > 1,
    ),
  };
}

/** `{ train: { steps: 5 } }` → `['train.steps', 5]`; lists are values. */
function flatten(section: Recipe, path = ''): [string, unknown][] {
  return Object.entries(section).flatMap(([key, value]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? flatten(value as Recipe, `${path}${key}.`)
      : [[`${path}${key}`, value] as [string, unknown]],
  );
}
