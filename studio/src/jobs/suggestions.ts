/** What a form suggests: paths that are there, and names for what is going to be written. */
import {
  type JobCommand,
  type JobOption,
  type JobValues,
  optionsOfJob,
} from '../../../src/serve/studio/jobs/commands.ts';
import type { Workplace } from '../server/jobs.svelte.ts';

/** Paths in the server's folder that this option could mean. */
export function pathsFor(option: JobOption, workplace: Workplace | undefined): string[] {
  if (option.kind !== 'path' || workplace === undefined) return [];
  const { corpora, models, runs, texts, rows, recipes, learning } = workplace;
  const ready = [...runs.filter(({ hasModel }) => hasModel), ...models].map(({ path }) => path);
  switch (option.of) {
    case 'text':
      return [...texts, ...rows];
    case 'rows':
      return rows;
    case 'corpus':
      return corpora.map(({ path }) => path);
    case 'model':
    case 'tokenizer':
      return ready;
    case 'run':
      return runs.map(({ path }) => path);
    case 'recipe':
      return recipes;
    case 'learning':
      return learning;
    default:
      return [];
  }
}

/** What a form begins with where nothing is given: the latest of everything that it cannot do without. */
export function firstValues(command: JobCommand, workplace: Workplace | undefined): JobValues {
  const isWanted = (option: JobOption): boolean =>
    option.isRequired === true || ['train corpus', 'evaluate data'].includes(`${command} ${option.name}`);
  return Object.fromEntries(
    optionsOfJob(command).flatMap(option => {
      if (option.kind !== 'path' || !isWanted(option)) return [];
      const known =
        option.of === 'recipe' ? workplace?.knownRecipes.find(({ name }) => name === 'quickstart')?.file : undefined;
      const value = known ?? pathsFor(option, workplace)[0];
      return value === undefined ? [] : [[option.name, value]];
    }),
  );
}

/** `corpora/books` for `texts/books.txt`; with a number where there is one of that name. */
export function newPath(below: string, values: JobValues, workplace: Workplace | undefined): string {
  const source = [values.input, values.data, values.corpus, values.model, values.recipe].find(
    value => typeof value === 'string' && value !== '',
  );
  if (source === undefined) return '';
  const base = nameOf(String(source)) || 'new';
  const taken = new Set([...(workplace?.corpora ?? []), ...(workplace?.runs ?? [])].map(({ path }) => path));
  const candidates = [base, ...Array.from({ length: 999 }, (_, i) => `${base}-${i + 2}`)];
  const name = candidates.find(candidate => !taken.has(`${below}/${candidate}`)) ?? base;
  return `${below}/${name}`;
}

/** `books` of `texts/books.txt.gz` and of `books/` */
export const nameOf = (path: string): string =>
  path
    .replace(/[\\/]+$/, '')
    .replace(/^.*[\\/]/, '')
    .replace(/(?<=.)\.[A-Za-z]+(\.(gz|zst))?$/, '')
    .replaceAll(' ', '-');
