/** The report of a run directory: collects what the run wrote, and renders it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeJson } from '../support/files.ts';
import { readLineage } from './lineage.ts';
import { readMetrics } from './metrics-log.ts';
import { type Evaluation, type Pairs, writeReport } from './report/write-report.ts';
import { lockRun } from './run-folder.ts';
import { readSamples } from './samples.ts';

/** Keeps evaluations on held-out text with the run; the model's first. They appear in its report. */
export function saveEvaluations(run: string, evaluations: readonly Evaluation[]): void {
  using _lock = lockRun(run);
  writeJson(join(run, 'evaluations.json'), evaluations);
}

/** Writes `report.html` in the folder of a run and returns its path. */
export function reportRun(run: string): string {
  const lineage = readLineage(join(run, 'run.json')) as unknown as Lineage;
  const evaluations = join(run, 'evaluations.json');
  const path = join(run, 'report.html');
  writeReport(path, {
    title: lineage.name,
    run: lineagePairs(lineage),
    recipe: readFileSync(join(run, 'recipe.yaml'), 'utf8'),
    metrics: readMetrics(join(run, 'metrics.jsonl')),
    evaluations: existsSync(evaluations) ? (readJson(evaluations) as Evaluation[]) : [],
    samples: readSamples(join(run, 'samples.jsonl')),
    environment: lineage.environment,
  });
  return path;
}

interface Lineage {
  name: string;
  created: string;
  tslm: string;
  parameters: number;
  parents: string[];
  data: Record<string, string | number>;
  environment: Pairs;
}

function lineagePairs({ created, tslm, parameters, parents, data }: Lineage): Pairs {
  return {
    created,
    tslm,
    parameters,
    ...(parents.length > 0 && { parents: parents.join(', ') }),
    ...(data.corpus === undefined
      ? { rows: data.rows, 'training rows': data.training_rows, 'rows (SHA-256)': data.rows_sha256 }
      : { corpus: data.corpus, 'training tokens': data.tokens, 'corpus index (SHA-256)': data.index_sha256 }),
    'tokenizer (SHA-256)': data.tokenizer_sha256,
  };
}
