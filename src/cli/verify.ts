/** `tslm verify PATH`: results beside recorded ones. */
import { Command } from 'commander';
import type { Check } from '../evaluate/verify/compare.ts';
import { printJson } from './print.ts';

export function verifyCommand(): Command {
  return new Command('verify')
    .description(
      'compare a model, a tokenizer, word vectors, schedules, logits processors, objectives, metrics or evaluations with recorded results',
    )
    .argument(
      '<path>',
      'a folder of a model, a tokenizer, word vectors or recorded fine-tuning, with golden.json, a run of lm-evaluation-harness, or a file of recorded schedules, logits processors, objectives, metrics or statistics',
    )
    .option('--json', 'print every comparison as JSON')
    .addHelpText(
      'after',
      '\nThe exit code is 0 only if everything agrees.\n\nExample:\n  $ tslm verify test/fixtures/hf/gpt2/lm\n',
    )
    .action(async (path: string, { json }: { json?: boolean }) => {
      const { verify } = await import('../evaluate/verify/verify.ts');
      const { isTuning } = await import('../evaluate/verify/tuning/golden.ts');
      const { verifyTuning } = await import('../evaluate/verify/tuning/tuning.ts');
      const { evaluationAt } = await import('../evaluate/verify/evaluation/evaluation.ts');
      const checks: Check[] = [];
      const made = isTuning(path) ? verifyTuning(path) : (evaluationAt(path)?.() ?? verify(path));
      for await (const check of made) checks.push(check);
      const failed = checks.filter(check => !check.pass).length;
      if (json) printJson({ path, pass: failed === 0, failed, checks });
      else printChecks(checks);
      process.exitCode = failed === 0 ? 0 : 1;
    });
}

function printChecks(checks: readonly Check[]): void {
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
  const failed = checks.filter(check => !check.pass).length;
  process.stdout.write(`\n${checks.length} compared, ${failed === 0 ? 'all agree' : `${failed} differ`}\n`);
}
