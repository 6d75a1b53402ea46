/** What lies in a folder of work: corpora, models, runs, results, each in its usual place or in the folder itself. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CorpusIndex } from '../data/corpus/corpus-index.ts';
import { formatBytes, formatCount } from '../support/format.ts';

/** Of run.json what is told. */
interface RunFile {
  progress?: { step: number; best?: { loss: number } | null };
  recipe?: { train?: { steps?: number; budget?: string } };
}

export type Kind = 'corpus' | 'model' | 'run' | 'results';

export interface Entry {
  kind: Kind;
  path: string;
  /** One line about it. */
  about: string;
  /** When it was last written, in milliseconds since 1970. */
  modified: number;
}

const PLACES = ['', 'corpora', 'models', 'runs', 'results'];
/** The file that makes a folder one of its kind; a run has the model's files in a folder of its own. */
const MARKS: [Kind, string][] = [
  ['corpus', 'corpus.json'],
  ['run', 'recipe.yaml'],
  ['model', 'config.json'],
  ['results', 'results.json'],
];

const ABOUT: Record<Kind, (folder: string) => string> = {
  corpus(folder) {
    const { splits, vocab_size } = jsonOf(join(folder, 'corpus.json')) as CorpusIndex;
    return `${formatCount(splits.train.tokens)} tokens to learn from, vocabulary ${vocab_size}`;
  },
  model(folder) {
    const { model_type } = jsonOf(join(folder, 'config.json')) as { model_type?: string };
    const bytes = readdirSync(folder)
      .filter(name => /\.(safetensors|bin)$/.test(name))
      .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    return `${model_type ?? 'unknown'}, ${formatBytes(bytes)}`;
  },
  run(folder) {
    const path = join(folder, 'run.json');
    if (!existsSync(path)) return 'not begun';
    const { progress, recipe } = jsonOf(path) as RunFile;
    if (!progress) return 'no checkpoint yet';
    const steps = recipe?.train?.budget ? '' : ` of ${recipe?.train?.steps ?? '?'}`;
    const best = progress.best ? `, held-out loss ${Number(progress.best.loss).toFixed(3)}` : '';
    return `step ${progress.step}${steps}${best}`;
  },
  results: () => 'an evaluation',
};

const jsonOf = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

/** In the order of their kinds, within a kind the latest first. */
export function contentsOf(folder = '.'): Entry[] {
  const found = PLACES.flatMap(place => {
    const parent = join(folder, place);
    if (!existsSync(parent)) return [];
    return readdirSync(parent, { withFileTypes: true })
      .filter(entry => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'))
      .map(({ name }) => join(parent, name));
  });
  const entries = found.flatMap(path => {
    const mark = MARKS.find(([, name]) => existsSync(join(path, name)));
    return mark ? [entryOf(mark[0], path, join(path, mark[1]))] : [];
  });
  const order = MARKS.map(([kind]) => kind);
  return entries.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || b.modified - a.modified);
}

function entryOf(kind: Kind, path: string, mark: string): Entry {
  const modified = statSync(mark).mtimeMs;
  try {
    return { kind, path, about: ABOUT[kind](path), modified };
  } catch {
    return { kind, path, about: 'cannot be read', modified };
  }
}
