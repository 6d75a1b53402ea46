/** A run in a line: how far it is, how good it is, and whether it still goes on. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { MetricsRow } from '../../runs/metrics-log.ts';
import { messageOf, UserError } from '../../support/errors.ts';
import { readJson } from '../../support/files.ts';
import { parseOptions } from '../../support/schema.ts';
import type { RunState, RunSummary } from './api.ts';
import { readMetricsTail } from './metrics-tail.ts';
import { fileOf, type RunFolder } from './run-folders.ts';

const facts = z.record(z.string(), z.union([z.string(), z.number()]));

/** What is read of run.json. Other programs may write more into it. */
const recordSchema = z.object({
  tslm: z.string().optional(),
  name: z.string(),
  created: z.string().optional(),
  parents: z.array(z.string()).default([]),
  data: facts.default({}),
  parameters: z.number().optional(),
  recipe: z.record(z.string(), z.unknown()).default({}),
  environment: facts.default({}),
  /** Of a run of epochs. */
  steps: z.number().optional(),
  /** Written when the run ends. */
  progress: z.object({ step: z.number() }).optional(),
});

export type RunRecord = z.output<typeof recordSchema>;

/** @throws UserError when run.json is not what a run writes, or lies elsewhere */
export function readRecord(run: RunFolder): RunRecord {
  const path = fileOf(run, 'run.json');
  if (path === undefined) {
    throw new UserError('TSLM_NO_RUN', `${join(run.path, 'run.json')}: missing, or a link that leads out of the run`);
  }
  return parseOptions(recordSchema, readJson(path), path);
}

/** What the lines of metrics.jsonl come to, up to a byte of it. */
interface Digest {
  next: number;
  last?: MetricsRow;
  best?: { step: number; loss: number };
}

export type SummaryCache = Map<string, Digest>;

/**
 * A run as it stands.
 *
 * @param cache what was read before, so that only new lines are read
 * @param now milliseconds since 1970
 */
export function summarizeRun(run: RunFolder, cache: SummaryCache = new Map(), now = Date.now()): RunSummary {
  const { id, path: folder } = run;
  try {
    const record = readRecord(run);
    const { name, created, parameters } = record;
    const metrics = fileOf(run, 'metrics.jsonl');
    const { last, best }: Partial<Digest> = metrics === undefined ? {} : digest(metrics, `${folder} ${created}`, cache);
    const steps = record.steps ?? numberAt(record.recipe, 'train', 'steps');
    const step = Math.max(last?.step ?? 0, record.progress?.step ?? 0);
    const updated = lastChange(run, 'metrics.jsonl', 'run.json');
    const state = stateOf(run, record, { step, steps, updated, now });
    const { loss, tokensPerSecond }: Partial<MetricsRow> = last ?? {};
    return {
      id,
      name,
      folder,
      state,
      step,
      steps,
      parameters,
      created,
      updated: new Date(updated).toISOString(),
      best,
      loss,
      tokensPerSecond,
      secondsLeft: state === 'running' ? secondsLeft(record, step, tokensPerSecond) : undefined,
    };
  } catch (error) {
    return { id, name: id, folder, state: 'unreadable', problem: messageOf(error), step: 0 };
  }
}

function digest(path: string, key: string, cache: SummaryCache): Digest {
  let known = cache.get(key) ?? { next: 0 };
  for (let hasMore = true; hasMore; ) {
    const tail = readMetricsTail(path, known.next);
    if (tail.restarted) known = { next: 0 };
    known = { ...tail.rows.reduce(withRow, known), next: tail.next };
    hasMore = tail.hasMore;
  }
  cache.set(key, known);
  return known;
}

function withRow({ next, last, best }: Digest, row: MetricsRow): Digest {
  const { step, evalLoss } = row;
  const isBest = evalLoss !== undefined && (best === undefined || evalLoss < best.loss);
  return { next, last: { ...last, ...row }, best: isBest ? { step, loss: evalLoss } : best };
}

/** A run says in run.json that it ended, and in metrics.jsonl that it goes on; one that was killed says nothing more. */
function stateOf(
  run: RunFolder,
  { progress, recipe }: RunRecord,
  { step, steps, updated, now }: { step: number; steps?: number; updated: number; now: number },
): RunState {
  if (steps !== undefined && step >= steps && progress?.step === step) return 'finished';
  const hasEnded = progress !== undefined && lastChange(run, 'run.json') >= lastChange(run, 'metrics.jsonl');
  if (hasEnded) return 'stopped';
  // The longest silence of a healthy run: the steps between two lines, or an evaluation.
  const perLine = numberAt(recipe, 'log', 'every') ?? 10;
  const begun = lastChange(run, 'recipe.yaml');
  const secondsPerLine = step > 0 ? ((updated - begun) / 1000 / step) * perLine : 0;
  const patience = 1000 * Math.max(120, 10 * secondsPerLine);
  return now - updated < patience ? 'running' : 'stopped';
}

function secondsLeft(
  { recipe, steps = numberAt(recipe, 'train', 'steps') }: RunRecord,
  step: number,
  tokensPerSecond: number | undefined,
): number | undefined {
  const sizes = [
    numberAt(recipe, 'train', 'batchSize'),
    numberAt(recipe, 'train', 'gradientAccumulation'),
    numberAt(recipe, 'model', 'context'),
  ];
  if (steps === undefined || !tokensPerSecond || sizes.some(size => size === undefined)) return undefined;
  const tokensPerStep = sizes.reduce<number>((product, size) => product * size!, 1);
  return ((steps - step) * tokensPerStep) / tokensPerSecond;
}

const numberAt = (recipe: Record<string, unknown>, section: string, key: string): number | undefined => {
  const value = (recipe[section] as Record<string, unknown> | undefined)?.[key];
  return typeof value === 'number' ? value : undefined;
};

/** Milliseconds since 1970 of the latest change of any of these files; 0 when there is none. */
const lastChange = (run: RunFolder, ...names: string[]): number =>
  Math.max(
    0,
    ...names.map(name => {
      const file = fileOf(run, name);
      return file === undefined ? 0 : statSync(file).mtimeMs;
    }),
  );
