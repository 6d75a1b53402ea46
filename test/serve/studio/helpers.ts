/** Run folders as `tslm train` leaves them, without a training. */
import { appendFileSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';

export interface FakeRun {
  steps?: number;
  /** Steps that were done. */
  done?: number;
  /** run.json says that it ended. */
  hasEnded?: boolean;
  /** Changes of the recipe's `train`. */
  train?: Record<string, unknown>;
  parents?: string[];
  dataHash?: string;
  samples?: { step: number; prompt: string; text: string }[];
  evaluations?: object[];
}

export const metricsLine = (step: number, more: object = {}): string =>
  `${JSON.stringify({ step, loss: 1 + 3 * Math.exp(-step / 150), lr: 0.001, gradNorm: 1, tokensPerSecond: 9000, ...more })}\n`;

/** @returns its path */
export function fakeRun(folder: string, name: string, options: FakeRun = {}): string {
  const { steps = 100, done = steps, hasEnded = true, parents = [], dataHash = 'a'.repeat(64) } = options;
  const path = join(folder, name);
  const recipe = {
    name,
    seed: 1337,
    data: { corpus: 'corpora/tiny' },
    model: { family: 'gpt2', layers: 2, hidden: 64, heads: 2, context: 64 },
    train: { steps, batchSize: 8, gradientAccumulation: 1, ...options.train },
    optimizer: { name: 'adamw', lr: 0.001, betas: [0.9, 0.99] },
    log: { every: 10 },
  };
  const best = { step: done, loss: 1.5 };
  const record = {
    tslm: '0.1.0',
    name,
    created: '2026-11-20T08:00:00.000Z',
    parents,
    data: { corpus: '/corpora/tiny', index_sha256: dataHash, tokenizer_sha256: 'b'.repeat(64), tokens: 100_000 },
    parameters: 120_000,
    recipe,
    environment: { node: 'v20.20.2', threads: 2 },
    ...(hasEnded && { progress: { step: done, best } }),
  };
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'recipe.yaml'), stringify(recipe));
  const lines = Array.from({ length: done / 10 }, (_, i) => metricsLine(10 * (i + 1)));
  if (done > 0) lines.push(`${JSON.stringify({ step: done, evalLoss: 1.5 })}\n`);
  writeFileSync(join(path, 'metrics.jsonl'), lines.join(''));
  writeFileSync(join(path, 'run.json'), JSON.stringify(record));
  if (options.samples) {
    writeFileSync(join(path, 'samples.jsonl'), options.samples.map(sample => `${JSON.stringify(sample)}\n`).join(''));
  }
  if (options.evaluations) writeFileSync(join(path, 'evaluations.json'), JSON.stringify(options.evaluations));
  return path;
}

export const appendMetrics = (run: string, ...lines: string[]): void =>
  appendFileSync(join(run, 'metrics.jsonl'), lines.join(''));

/** As if nothing had been written for an hour. */
export function makeOld(run: string): void {
  const hourAgo = Date.now() / 1000 - 3600;
  for (const name of ['metrics.jsonl', 'run.json', 'recipe.yaml']) utimesSync(join(run, name), hourAgo, hourAgo);
}
