/** What runs are compared by. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readMetrics } from '../../src/runs/metrics-log.ts';

/** The lines of metrics.jsonl, less what depends on the clock. Numbers keep every digit. */
export const metricsOf = (run: string): string[] =>
  readMetrics(join(run, 'metrics.jsonl')).map(({ tokensPerSecond, wait, ...row }) => JSON.stringify(row));

/** What must be the same however often a run was interrupted: every metric, every sample, every weight. */
export const traceOf = (run: string) => ({
  metrics: metricsOf(run),
  samples: readFileSync(join(run, 'samples.jsonl'), 'utf8'),
  weights: createHash('sha256')
    .update(readFileSync(join(run, 'model', 'model.safetensors')))
    .digest('hex'),
});
