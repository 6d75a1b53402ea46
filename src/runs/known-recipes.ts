/** The recipes that come with tslm. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/root.ts';

const folder = join(root, 'recipes');
const ENDING = '.yaml';

/** `wikitext-2`, `sweeps/quickstart` */
export const recipeNames = (): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith(ENDING))
    .map(name => name.slice(0, -ENDING.length).replaceAll('\\', '/'))
    .sort();

export const recipeFile = (name: string): string => join(folder, `${name}${ENDING}`);

/** The comment that a recipe opens with, its first sentence. */
export function aboutRecipe(name: string): string {
  const lines = readFileSync(recipeFile(name), 'utf8').split('\n');
  const end = lines.findIndex(line => !line.startsWith('#'));
  const comment = lines.slice(0, end).map(line => line.replace(/^#\s?/, '')).join(' '); // biome-ignore format: one chain
  return comment.match(/^.*?[.:](?=\s|$)/)?.[0].replace(/:$/, '.') ?? comment;
}
