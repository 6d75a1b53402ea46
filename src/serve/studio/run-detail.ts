/** All that a run folder tells beside its metrics: recipe, samples over time, evaluations, and where it comes from. */
import { readFileSync } from 'node:fs';
import { sep } from 'node:path';
import { readSamples } from '../../runs/samples.ts';
import { readJson } from '../../support/files.ts';
import type { Evaluation, RunDetail, RunLineage } from './api.ts';
import { fileOf, type RunFolder } from './run-folders.ts';
import { type RunRecord, readRecord, type SummaryCache, summarizeRun } from './run-summary.ts';

/** @param runs all that are known: relatives are looked for among them */
export function describeRun(run: RunFolder, runs: readonly RunFolder[], cache: SummaryCache): RunDetail {
  const recipe = fileOf(run, 'recipe.yaml');
  const samples = fileOf(run, 'samples.jsonl');
  return {
    ...summarizeRun(run, cache),
    recipe: recipe === undefined ? '' : readFileSync(recipe, 'utf8'),
    samples: samples === undefined ? [] : readSamples(samples),
    evaluations: evaluationsOf(run),
    lineage: lineageOf(run, runs),
  };
}

export function evaluationsOf(run: RunFolder): Evaluation[] {
  const file = fileOf(run, 'evaluations.json');
  return file === undefined ? [] : (readJson(file) as Evaluation[]);
}

function lineageOf(run: RunFolder, runs: readonly RunFolder[]): RunLineage {
  const { tslm, parents, data, environment } = readRecord(run);
  const others = runs.filter(({ id }) => id !== run.id).flatMap(other => withRecord(other));
  const wroteOf = (path: string): string | undefined => runs.find(other => isWithin(other, path))?.id;
  return {
    tslm,
    parents: parents.map(path => ({ path, run: wroteOf(path) })),
    children: others.filter(({ record }) => record.parents.some(path => isWithin(run, path))).map(({ id }) => id),
    data,
    sameData: others.filter(({ record }) => isSameData(record.data, data)).map(({ id }) => id),
    environment,
  };
}

const isWithin = ({ path }: RunFolder, inner: string): boolean => inner === path || inner.startsWith(path + sep);

/** The hash of a corpus's index stands for the whole of it. */
const isSameData = (a: RunRecord['data'], b: RunRecord['data']): boolean =>
  a.index_sha256 !== undefined && a.index_sha256 === b.index_sha256;

function withRecord(run: RunFolder): { id: string; record: RunRecord }[] {
  try {
    return [{ id: run.id, record: readRecord(run) }];
  } catch {
    return []; // its own line in the list says what is wrong with it
  }
}
