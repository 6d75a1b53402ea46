/** `tslm verify PATHS`: results beside recorded ones. */
import { Command } from 'commander';
import type { Check } from '../evaluate/verify/compare.ts';
import { printJson } from './print.ts';

export function verifyCommand(): Command {
  return new Command('verify')
    .description(
      'compare a model, a tokenizer, word vectors, schedules, logits processors, objectives, metrics or evaluations with recorded results',
    )
    .argument(
      '<paths...>',
      'each a folder of a model, a tokenizer, word vectors or recorded fine-tuning, with golden.json, a run of lm-evaluation-harness, or a file of recorded schedules, logits processors, objectives, metrics or statistics',
    )
    .option('--json', 'print every comparison as JSON')
    .addHelpText(
      'after',
      '\nThe exit code is 0 only if everything agrees. Of several paths what differs is listed, and a line for each.\n\nExample:\n  $ tslm verify test/fixtures/hf/gpt2/lm\n',
    )
    .action(async (paths: string[], { json }: { json?: boolean }) => {
      const results: Result[] = [];
      for (const path of paths) {
        const result = await verified(path);
        results.push(result);
        if (!json && paths.length > 1) printSummary(result);
      }
      const failed = results.reduce((sum, result) => sum + result.failed, 0);
      if (json) printJson(paths.length === 1 ? results[0] : results);
      else if (paths.length === 1) printChecks(results[0].checks);
      else
        printTotal(
          results.reduce((sum, { checks }) => sum + checks.length, 0),
          failed,
        );
      process.exitCode = failed === 0 ? 0 : 1;
    });
}

interface Result {
  path: string;
  pass: boolean;
  failed: number;
  checks: Check[];
}

async function verified(path: string): Promise<Result> {
  const { verify } = await import('../evaluate/verify/verify.ts');
  const { isTuning } = await import('../evaluate/verify/tuning/golden.ts');
  const { verifyTuning } = await import('../evaluate/verify/tuning/tuning.ts');
  const { evaluationAt } = await import('../evaluate/verify/evaluation/evaluation.ts');
  const checks: Check[] = [];
  const made = isTuning(path) ? verifyTuning(path) : (evaluationAt(path)?.() ?? verify(path));
  for await (const check of made) checks.push(check);
  const failed = checks.filter(check => !check.pass).length;
  return { path, pass: failed === 0, failed, checks };
}

/** What differs, if anything does, and a line. */
function printSummary({ path, checks, failed }: Result): void {
  if (failed > 0) printTable(checks.filter(({ pass }) => !pass));
  process.stdout.write(`${path}: ${checks.length} compared, ${failed === 0 ? 'all agree' : `${failed} differ`}\n`);
}

function printChecks(checks: readonly Check[]): void {
  printTable(checks);
  printTotal(checks.length, checks.filter(({ pass }) => !pass).length);
}

function printTotal(compared: number, failed: number): void {
  process.stdout.write(`\n${compared} compared, ${failed === 0 ? 'all agree' : `${failed} differ`}\n`);
}

function printTable(checks: readonly Check[]): void {
  const rows = checks.map(({ section, name, quantity, maxError, ofTolerance, pass, note }) => [
    [section, name].filter(Boolean).join(' '),
    quantity,
    maxError === undefined ? (pass ? 'equal' : '') : maxError.toExponential(1),
    ofTolerance === undefined ? '' : `${(100 * ofTolerance).toFixed(0)}%`,
    pass ? 'pass' : 'FAIL',
    note ?? '',
  ]);
  const table = [['case', 'quantity', 'largest error', 'of allowed', '', ''], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map(row => row[column].length)));
  for (const row of table) {
    process.stdout.write(
      `${row
        .map((cell, i) => cell.padEnd(widths[i]))
        .join('  ')
        .trimEnd()}\n`,
    );
  }
}
