/**
 * The table of docs/TASKS.md: models fine-tuned on the tasks of rows.ts, beside the same networks from random weights, the most frequent
 * answer and logistic regression on words. Each run is `tslm finetune` with its defaults but for what the arguments say; what is there
 * already is read, not run again. From the folder of the project, after rows.js:
 *
 *   npm run bench && node build/bench/bench/tasks/table.js ROWS OUT --model encoder=runs/encoder --tasks sst2,trec
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { marginOver } from '../../src/evaluate/rows/row-scores.ts';
import { createFromConfig, modelFolder, saveModel } from '../../src/models/auto.ts';
import { marginText } from '../../src/runs/finetune/margin-text.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', multiple: true, default: [] },
    tasks: { type: 'string', default: 'sst2' },
    dropout: { type: 'string', default: '0.1' },
    lr: { type: 'string' },
    /** Random weights bear, and need, a higher rate than pretrained ones. */
    'scratch-lr': { type: 'string', default: '0.001' },
    epochs: { type: 'string' },
    'batch-size': { type: 'string' },
    'no-scratch': { type: 'boolean', default: false },
  },
});
const [rows, out] = positionals;
if (out === undefined || values.model.length === 0) {
  process.stderr.write('usage: table.js ROWS OUT --model NAME=FOLDER [--model …] [--tasks a,b]\n');
  process.exit(2);
}

interface Scores {
  name: string;
  scores: {
    metrics: Record<string, number>;
    interval?: [number, number];
    intervals?: Record<string, [number, number]>;
    rows: number;
    outcomes?: string;
  };
}

/** The network of a model with weights drawn afresh, and its tokenizer. */
function randomCopy(model: string, folder: string): string {
  if (existsSync(join(folder, 'config.json'))) return folder;
  const config = JSON.parse(readFileSync(join(model, 'config.json'), 'utf8')) as Record<string, unknown>;
  mkdirSync(folder, { recursive: true });
  const copy = createFromConfig(config, { seed: 1 });
  saveModel(folder, copy);
  copy.dispose();
  for (const name of readdirSync(model).filter(name => /token|vocab|generation/.test(name)))
    copyFileSync(join(model, name), join(folder, name));
  return folder;
}

function finetuned(task: string, model: string, name: string, rate: string | undefined): Scores[] {
  const run = join(out, `${task}-${name}`);
  if (!existsSync(join(run, 'scores.json'))) {
    const settings = Object.entries({
      dropout: values.dropout,
      lr: rate,
      epochs: values.epochs,
      'batch-size': values['batch-size'],
    });
    const given = settings.flatMap(([option, value]) => (value === undefined ? [] : [`--${option}`, value]));
    const files = ['--data', join(rows, task, 'train.jsonl'), '--validation', join(rows, task, 'validation.jsonl')];
    const { status } = spawnSync('bin/tslm', ['finetune', model, ...files, '--out', run, ...given, '--json'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (status !== 0) throw new Error(`${task} with ${name} ended with ${status}`);
  }
  return JSON.parse(readFileSync(join(run, 'scores.json'), 'utf8')) as Scores[];
}

/** `accuracy 81.2 (78.5–83.7)` */
function shown({ metrics, interval, intervals }: Scores['scores']): string {
  return Object.entries(metrics)
    .filter(([name]) => name !== 'loss' && name !== 'perplexity')
    .map(([name, value], i) => {
      const bounds = intervals?.[name] ?? (i === 0 ? interval : undefined);
      const digits = (x: number): string => (/bleu|chrf/.test(name) ? x : 100 * x).toFixed(1);
      return `${name} ${digits(value)}${bounds ? ` (${bounds.map(digits).join('–')})` : ''}`;
    })
    .join(', ');
}

for (const task of values.tasks.split(',')) {
  let baselines: Scores[] = [];
  for (const given of values.model) {
    const [name, folder] = given.split(/=(.*)/s);
    const model = modelFolder(folder);
    const runs = [[name, model, values.lr] as const];
    const scratch = `${name}-scratch`;
    if (!values['no-scratch'])
      runs.push([scratch, randomCopy(model, join(out, 'models', scratch)), values['scratch-lr']]);
    const all = runs.map(([one, from, rate]) => {
      const [own, ...others] = finetuned(task, from, one, rate);
      baselines = others.filter(other => other.name !== 'the model before');
      process.stdout.write(`| ${task} | ${one} | ${shown(own.scores)} | ${own.scores.rows} |\n`);
      return { name: one, scores: own.scores };
    });
    for (const other of [...all.slice(1), ...baselines]) {
      const found = marginOver(all[0].scores, other.scores);
      if (!found) continue;
      process.stdout.write(`| ${task} | ${name} − ${other.name} | ${marginText(found)} | |\n`);
    }
  }
  for (const { name, scores } of baselines)
    process.stdout.write(`| ${task} | ${name} | ${shown(scores)} | ${scores.rows} |\n`);
}
