/** What lies in the folder of the server that commands could read: suggestions for the forms. */
import { type Dirent, existsSync, readdirSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { contentsOf } from '../../../runs/folder-contents.ts';
import { aboutRecipe, recipeFile, recipeNames } from '../../../runs/known-recipes.ts';
import type { KnownRecipe, Workplace } from '../api.ts';

const TEXT = /\.(txt|text|md)(\.gz|\.zst)?$/i;
const ROWS = /\.(jsonl|csv|tsv|parquet|arrow|json)(\.gz|\.zst)?$/i;

/** Folders that hold what commands have written, and what other programs keep. */
const PASSED_BY = new Set(['node_modules', 'corpora', 'runs', 'models', 'results', 'jobs', 'dist', 'build']);
/** Files that are rows only by their ending. */
const NO_ROWS = new Set(['package.json', 'package-lock.json', 'tsconfig.json', 'biome.json', 'jsconfig.json']);

const DEPTH = 2;
const MOST = 200;

/** Recipes of the package that make a model by themselves; those of sweeps do not. */
export const knownRecipes = (): KnownRecipe[] =>
  recipeNames()
    .filter(name => !name.includes('/'))
    .map(name => ({ name, file: recipeFile(name), about: aboutRecipe(name) }));

/** Those as well that are not listed, as a request may name them. */
export const knownRecipeFiles = (): string[] => recipeNames().map(recipeFile);

export function describeWorkplace(folder: string): Workplace {
  const entries = contentsOf(folder).map(({ kind, path, about }) => ({ kind, path: relative(folder, path), about }));
  const of = (kind: string) => entries.filter(entry => entry.kind === kind).map(({ path, about }) => ({ path, about }));
  const found: Found = { texts: [], rows: [], recipes: [], learning: [] };
  look(folder, '', DEPTH, found);
  return {
    folder,
    corpora: of('corpus'),
    models: of('model'),
    runs: of('run').map(run => ({ ...run, hasModel: existsSync(join(folder, run.path, 'model', 'config.json')) })),
    ...found,
    knownRecipes: knownRecipes(),
  };
}

interface Found {
  /** Files, and folders that hold some. */
  texts: string[];
  rows: string[];
  recipes: string[];
  learning: string[];
}

function look(folder: string, below: string, depth: number, found: Found): void {
  let entries: Dirent[];
  try {
    entries = readdirSync(join(folder, below), { withFileTypes: true });
  } catch {
    return; // not ours to read
  }
  const names = new Intl.Collator('en', { numeric: true });
  entries.sort((a, b) => names.compare(a.name, b.name));
  const files = entries.filter(entry => entry.isFile() && !entry.name.startsWith('.')).slice(0, MOST);
  const texts = files.filter(({ name }) => TEXT.test(name));
  if (below !== '' && texts.length > 1) add(found.texts, `${below}/`);
  for (const { name } of texts) add(found.texts, join(below, name));
  for (const { name } of files) {
    if (ROWS.test(name) && !NO_ROWS.has(name)) add(found.rows, join(below, name));
    if (/\.ya?ml$/.test(name) && name !== 'tslm.yaml' && (below === '' || /recipes/.test(below))) {
      add(found.recipes, join(below, name));
    }
    if (name === 'feedback.sqlite' && below !== '') add(found.learning, below);
  }
  if (depth === 0) return;
  for (const { name } of entries.filter(entry => entry.isDirectory()).slice(0, MOST)) {
    const isPassedBy = name.startsWith('.') || PASSED_BY.has(basename(name));
    if (!isPassedBy && !existsSync(join(folder, below, name, 'recipe.yaml')))
      look(folder, join(below, name), depth - 1, found);
  }
}

function add(list: string[], path: string): void {
  if (list.length < MOST) list.push(path);
}
