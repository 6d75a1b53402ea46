/** Results on stdout: one JSON object with `--json`, otherwise lines for a person. */

import type { RunResult } from '../runs/run.ts';
import { explainFileError, UserError } from '../support/errors.ts';
import { formatCount, formatDuration } from '../support/format.ts';

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Two columns: names, values. */
export function printTable(rows: readonly (readonly [name: string, value: string])[]): void {
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) process.stdout.write(`${name.padEnd(width)}  ${value}\n`);
}

/** Rows of cells, the first of them the head. @param right columns of numbers */
export function printRows(
  rows: readonly (readonly string[])[],
  { right = [] }: { right?: readonly number[] } = {},
): void {
  const widths = rows[0].map((_, column) => Math.max(...rows.map(row => row[column].length)));
  for (const row of rows) {
    const cells = row.map((cell, i) => (right.includes(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i])));
    process.stdout.write(`${cells.join('  ').trimEnd()}\n`);
  }
}

/** A remark beside the result, on stderr. */
export const printNote = (note: string): void => {
  process.stderr.write(`note: ${note}\n`);
};

/** The end of `train` and `resume`: the numbers, and the report beside the run. */
export async function printRun(result: RunResult, { json = false }: { json?: boolean } = {}): Promise<void> {
  const report = await reportOf(result.folder);
  if (json) {
    printJson({ ...result, report });
    return;
  }
  const { best, step, tokens, seconds, finished, folder } = result;
  printTable([
    [finished ? 'finished' : 'stopped', `step ${step}, ${formatCount(tokens)} tokens in ${formatDuration(seconds)}`],
    ['best', best ? `${decidedBy(best)} at step ${best.step}` : 'not evaluated yet'],
    ['model', best ? `${folder}/model` : '–'],
    ['report', report ?? '–'],
    ...(finished ? [] : ([['go on', `tslm resume ${folder}`]] as const)),
  ]);
}

const decidedBy = ({ loss, metric, value }: NonNullable<RunResult['best']>): string =>
  `${value === undefined ? '' : `${metric} ${value.toFixed(4)}, `}held-out loss ${loss.toFixed(4)}`;

/** The report's path. A training is not to end as failed because its report cannot be written: null then, and a note. */
async function reportOf(folder: string): Promise<string | null> {
  const { reportRun } = await import('../runs/report-run.ts');
  try {
    return reportRun(folder);
  } catch (thrown) {
    const error = explainFileError(thrown);
    if (!(error instanceof UserError)) throw error;
    printNote(`${error.message}; there is no report`);
    return null;
  }
}
