/** A benchmark along a size: each row in a process of its own, so that its memory peaks are its own. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { json as readJson, text as readText } from 'node:stream/consumers';
import type { Throughput } from '../../bench/training.ts';
import { type Sweep, sweepRows } from '../../bench/training-sweep.ts';
import { formatBytes, formatCount } from '../../support/format.ts';
import { createProgress } from '../../support/progress.ts';
import { root } from '../../support/root.ts';
import { type BenchTrainOptions, formatShare } from './options.ts';

/** A row that failed, for want of memory perhaps, says why; the others count all the same. */
export type SweepRow = { name: string } & ((BenchTrainOptions & Throughput) | { error: string });

export async function runSweep(sweep: Sweep, options: BenchTrainOptions): Promise<SweepRow[]> {
  const rows = sweepRows(sweep, options);
  const progress = createProgress('measuring', { unit: ' rows', total: rows.length });
  const results: SweepRow[] = [];
  for (const row of rows) {
    results.push({ name: row.name, ...(await benchTrain(row.options)) });
    progress.update(results.length);
  }
  progress.end();
  return results;
}

async function benchTrain(options: BenchTrainOptions): Promise<(BenchTrainOptions & Throughput) | { error: string }> {
  const { json, peer, compile, ...values } = options;
  const flags = Object.entries(values).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const args = ['bench', 'train', ...flags, ...(peer ? ['--peer'] : []), ...(compile ? ['--compile'] : []), '--json'];
  const child = spawn(process.execPath, [join(root, 'bin', 'tslm'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<NodeJS.Signals | null>(resolve => child.on('close', (_, signal) => resolve(signal)));
  const [result, stderr] = await Promise.all([
    readJson(child.stdout).catch(() => undefined), // nothing there: stderr says why
    readText(child.stderr),
  ]);
  const signal = await ended;
  if (result !== undefined) return result as BenchTrainOptions & Throughput;
  return { error: signal ? `ended by ${signal}` : stderr.split('\n')[0].replace(/^tslm: /, '') };
}

/** Speed, share of the ceiling and peak of the tensors for each row. */
export function sweepTable(sweep: Sweep, rows: readonly SweepRow[]): [string, string][] {
  const columns = (cells: string[]): string => cells.map(cell => cell.padStart(12)).join('');
  const hasPeer = rows.some(row => 'peer' in row && row.peer);
  const heading = columns(['tokens/s', 'of ceiling', 'tensors', ...(hasPeer ? ['× the peer'] : [])]);
  return [
    [sweep, heading],
    ...rows.map((row): [string, string] => {
      if ('error' in row) return [row.name, row.error];
      const cells = [formatCount(row.tokensPerSecond), formatShare(row.ceilingRatio), formatBytes(row.peakTensorBytes)];
      return [row.name, columns([...cells, ...(hasPeer ? [row.peer?.ratio.toFixed(2) ?? '–'] : [])])];
    }),
  ];
}
