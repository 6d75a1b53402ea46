/**
 * What a chain, votes and a tree are worth, in one table: of each problem the same network, trained on as many questions to answer at once and to
 * answer behind a chain; then four ways to spend tokens on held-out questions: at once, a chain, eight chains that vote, a tree of thoughts.
 * What is there already is read, not run again. From the folder of the project:
 *
 *   npm run bench && node build/bench/bench/reasoning/table.js OUT [--only parity,addition] [--rows 500]
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse, stringify } from 'yaml';
import { openLocalCompleter } from '../../src/prompt/completers/local.ts';
import { casesOf, evaluatePrompt } from '../../src/prompt/evaluate/evaluate-prompt.ts';
import { readRows } from '../../src/prompt/examples/read-examples.ts';
import { openPrompt } from '../../src/prompt/open-prompt.ts';
import { createPromptFile } from '../../src/prompt/program/prompt-file.ts';
import { tslm } from './tslm.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    /** Held-out questions. */
    rows: { type: 'string', default: '500' },
  },
});
const [out] = positionals;
if (out === undefined) {
  process.stderr.write('usage: table.js OUT [--only parity,addition] [--rows 500]\n');
  process.exit(2);
}

interface Row {
  problem: string;
  /** For `tslm problems write`. */
  size?: number;
  /** How answers at once are written. Default as they are. */
  atOnce?: 'reversed';
  count: number;
  /** Of each of validation and test, where there are fewer questions than the 500 that are the default. */
  heldOut?: number;
  steps: number;
  context: number;
  /** What ends a thought of the tree, how many there are at most, and how long one is where it has no end. */
  tree: { separator: string; depth: number; thoughtTokens?: number };
}

const ROWS: Readonly<Record<string, Row>> = {
  parity: {
    problem: 'parity',
    size: 16,
    count: 50_000,
    steps: 1000,
    context: 64,
    tree: { separator: '#', depth: 5, thoughtTokens: 4 },
  },
  addition: { problem: 'addition', count: 50_000, steps: 1000, context: 64, tree: { separator: ' ', depth: 4 } },
  multiplication: {
    problem: 'multiplication',
    count: 7000,
    heldOut: 400,
    steps: 1500,
    context: 64,
    tree: { separator: ' ', depth: 3 },
  },
  expressions: {
    problem: 'expressions',
    size: 2,
    count: 16_000,
    heldOut: 400,
    steps: 1000,
    context: 64,
    tree: { separator: ' ', depth: 3 },
  },
  'reversed-addition': {
    problem: 'addition',
    atOnce: 'reversed',
    count: 50_000,
    steps: 1000,
    context: 64,
    tree: { separator: ' ', depth: 4 },
  },
  'two-hops': { problem: 'two-hops', count: 50_000, steps: 1000, context: 160, tree: { separator: '.', depth: 4 } },
};

mkdirSync(out, { recursive: true });

/** Rows, their tokenizer, and the model that has learnt them; all in one folder. */
function trained(
  format: 'direct' | 'reversed' | 'chain',
  { problem, size, count, heldOut, steps, context }: Row,
): string {
  const name = `${problem}-${format}`;
  const place = join(out, name);
  const rows = join(place, 'rows');
  if (!existsSync(join(rows, 'texts.txt'))) {
    const given = Object.entries({ size, 'held-out': heldOut }).filter(([, value]) => value !== undefined);
    const options = given.flatMap(([name, value]) => [`--${name}`, String(value)]);
    tslm('problems', 'write', problem, '--format', format, '--count', String(count), ...options, '--out', rows);
  }
  const tokenizer = join(place, 'tokenizer');
  if (!existsSync(tokenizer)) {
    const texts = [join(rows, 'texts.txt'), '--kind', 'char', '--special', '<|endoftext|>'];
    tslm('tokenizer', 'train', ...texts, '--out', tokenizer);
  }
  const run = join(place, 'run');
  if (existsSync(join(run, 'model'))) return place;
  const recipe = parse(readFileSync('recipes/reasoning.yaml', 'utf8'));
  const path = join(place, 'recipe.yaml');
  const own = {
    name,
    data: { train: join(rows, 'train.jsonl'), validation: [join(rows, 'validation.jsonl')], tokenizer },
    model: { ...recipe.model, context },
    train: { ...recipe.train, steps },
    evaluation: { ...recipe.evaluation, every: 0 },
    checkpoints: { ...recipe.checkpoints, every: 0 },
  };
  writeFileSync(path, stringify({ ...recipe, ...own }));
  tslm('train', path, '--out', run);
  return place;
}

interface Cell {
  right: number;
  rows: number;
  interval: readonly [number, number];
  /** Read and written, of a question. */
  tokens: number;
}

const PROMPT = 'prompts/problem.yaml';
const file = parse(readFileSync(PROMPT, 'utf8')) as Record<string, unknown>;

/** @param strategy of the prompt, with its options */
async function measured(place: string, strategy: object | string): Promise<Cell> {
  await using completer = await openLocalCompleter(join(place, 'run'), { dtype: 'float32' });
  await using open = await openPrompt(createPromptFile({ ...file, strategy }, PROMPT), completer);
  const test = readRows(join(place, 'rows', 'test.jsonl')).slice(0, Number(values.rows));
  const { right, rows, interval, tokensComputed } = await evaluatePrompt(open, casesOf(open, test, 'test'));
  return { right, rows, interval, tokens: tokensComputed };
}

const percent = (share: number): string => (100 * share).toFixed(1);
const shown = ({ right, rows, interval: [low, high], tokens }: Cell): string =>
  `${percent(right / rows)} % (${percent(low)}–${percent(high)}) | ${tokens.toFixed(0)}`;

process.stdout.write(
  '| problem | at once | tokens | a chain | tokens | eight chains vote | tokens | a tree | tokens |\n|---|---|---|---|---|---|---|---|---|\n',
);
for (const name of values.only?.split(',') ?? Object.keys(ROWS)) {
  const row = ROWS[name];
  const [direct, chain] = ([row.atOnce ?? 'direct', 'chain'] as const).map(format => trained(format, row));
  const results = join(out, `${name}.json`);
  if (!existsSync(results)) {
    const tree = { evaluate: 'probability', search: 'beam', width: 3, select: 3, temperature: 0.7, ...row.tree };
    const cells = [
      await measured(direct, 'direct'),
      await measured(chain, 'direct'),
      await measured(chain, { name: 'self-consistency', samples: 8, temperature: 0.7 }),
      await measured(chain, { name: 'tree-of-thoughts', ...tree }),
    ];
    writeFileSync(results, `${JSON.stringify(cells, null, 1)}\n`);
  }
  const cells = JSON.parse(readFileSync(results, 'utf8')) as Cell[];
  process.stdout.write(`| ${name} | ${cells.map(shown).join(' | ')} |\n`);
}
