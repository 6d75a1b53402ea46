/** Programs that a model wrote are run with limits, each alone; skipped where there is no Python. */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { evaluateTasks } from '../../src/evaluate/harness/evaluate-tasks.ts';
import type { Sample } from '../../src/evaluate/harness/evaluation-result.ts';
import { withPassed } from '../../src/evaluate/harness/run-programs.ts';
import { openTaskLibrary } from '../../src/evaluate/harness/task-library.ts';
import type { EvaluatedModel } from '../../src/evaluate/models/evaluated-model.ts';
import { errorOf } from '../data/helpers.ts';
import { scratchFolder } from '../support/scratch.ts';

const hasPython = spawnSync('python3', ['--version']).status === 0;
const folder = scratchFolder();

const sampleOf = (programs: readonly string[], k = 1): Sample =>
  ({ docId: 0, scores: { 'pass@1': { programs, k }, other: 3 } }) as unknown as Sample;

const passed = async (...programs: string[]): Promise<unknown> => {
  const [{ scores }] = await withPassed([sampleOf(programs)], { seconds: 3 });
  return scores['pass@1'];
};

describe.runIf(hasPython)('programs', () => {
  it('pass when they end without an error', async () => {
    const [{ scores }] = await withPassed([
      sampleOf(['x = 1', 'raise SystemExit(0)', 'assert False', 'syntax error'], 1),
    ]);
    expect(scores).toEqual({ 'pass@1': 0.5, other: 3 });
  });

  it('are ended when they go on too long, take too much memory, or leave something running', async () => {
    expect(await passed('while True: pass')).toBe(0);
    expect(await passed('x = bytearray(4 * 10 ** 9)')).toBe(0);
    const left = join(folder, 'left');
    const child = `import subprocess, sys; subprocess.Popen([sys.executable, "-c", "import time; time.sleep(2); open('${left}', 'w')"])`;
    expect(await passed(child)).toBe(1);
    await new Promise(resolve => setTimeout(resolve, 4000));
    expect(existsSync(left)).toBe(false);
  });

  it('see neither the environment nor the folder of who runs them', async () => {
    process.env.TSLM_SECRET = 'x';
    expect(
      await passed('import os; assert "TSLM_SECRET" not in os.environ; assert os.listdir() == ["program.py"]'),
    ).toBe(1);
    delete process.env.TSLM_SECRET;
  });
});

describe('a task that runs code', () => {
  const row = { prompt: 'def f(x):\n', test: 'def check(f):\n    assert f(2) == 3\n', entry_point: 'f' };
  writeFileSync(join(folder, 'HumanEval.jsonl'), `${JSON.stringify(row)}\n`);
  const options = { dataMap: { humaneval: folder }, replicates: 0 };
  const nodes = openTaskLibrary().select(['humaneval']);
  const writing = (text: string): EvaluatedModel => ({
    name: 'writing',
    scoring: 'causal',
    loglikelihood: async () => [],
    loglikelihoodRolling: async () => [],
    generateUntil: async () => [text],
    [Symbol.dispose]() {},
  });

  it('is refused unless that is allowed', async () => {
    const error = await errorOf(() => evaluateTasks(writing(''), nodes, options));
    expect(error).toMatchObject({ code: 'TSLM_PYTHON', exitCode: 2 });
    expect(error.hint).toContain('--allow-code-execution');
  });

  it.runIf(hasPython)('counts what passes its tests', async () => {
    for (const [text, value] of [
      ['    return x + 1\n', 1],
      ['    return x\n', 0],
    ] as const) {
      const { tasks } = await evaluateTasks(writing(text), nodes, { ...options, allowCodeExecution: true });
      expect(tasks[0].values.get('pass@1,none')!.value).toBe(value);
    }
  });
});
