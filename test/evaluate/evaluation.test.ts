/** Metrics, statistics and tasks beside what others recorded, and beside recordings that were tampered with. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Check } from '../../src/evaluate/verify/compare.ts';
import { evaluationAt } from '../../src/evaluate/verify/evaluation/evaluation.ts';
import { describeShared, itShared } from '../helpers/shared.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = 'test/fixtures/evaluation';

async function checksOf(path: string): Promise<Check[]> {
  const checks: Check[] = [];
  for await (const check of evaluationAt(path)!()) checks.push(check);
  return checks;
}

const failedOf = (checks: readonly Check[]): Check[] => checks.filter(({ pass }) => !pass);

/** How many comparisons each has, so that none is passed over. */
const committed = {
  'metrics.json': 461,
  'statistics.json': 135,
  'aggregations.json': 51,
  'filters.json': 38,
  'samplers.json': 9,
  'templates.json': 62,
  'text_handling.json': 64,
  'python_literals.json': 14,
  'python_random.json': 76,
  'search.json': 420,
  'runs/small': 190,
};

const shared = {
  'unit/datasets.json': 109,
  'unit/encode_pairs.json': 59,
  'unit/comparison_of_runs.json': 104,
  'refuse/expect.json': 33,
  'runs/scripted': 1065,
  'runs/scripted-nested-group': 127,
  'runs/scripted-tag-fraction': 132,
  'runs/gpt2-2shot-seed42': 80,
  'runs/gpt2-samples-genkwargs': 79,
  'runs/llama-system-no-template': 104,
  'runs/llama-chat-singleturn': 197,
};

/** These take half a minute. */
const long = {
  'unit/search.json': 577,
  'runs/gpt2': 1069,
  'runs/gpt2-2shot': 221,
  'runs/llama': 385,
  'runs/llama-chat-multiturn': 251,
};

describe('recorded evaluations', () => {
  it.each(Object.entries(committed))('%s agrees', async (name, count) => {
    const checks = await checksOf(join(folder, name));
    expect(failedOf(checks)).toEqual([]);
    expect(checks.length).toBe(count);
  });

  for (const [name, count] of Object.entries({ ...shared, ...(process.env.TSLM_LONG ? long : {}) })) {
    itShared(`fixtures/eval/${name}`, `${name} agrees`, async path => {
      const checks = await checksOf(path);
      expect(failedOf(checks)).toEqual([]);
      expect(checks.length).toBe(count);
    });
  }

  it('is told from other files', () => {
    expect(evaluationAt('test/fixtures/evaluation/tasks')).toBeUndefined();
    expect(evaluationAt('package.json')).toBeUndefined();
    expect(evaluationAt('no/such/file.json')).toBeUndefined();
  });
});

describe('a recording that was changed', () => {
  const scratch = scratchFolder();

  it.each([
    ['metrics.json', '59.116686770400385', '59.2'],
    ['statistics.json', '0.06142834573984146', '0.0614283'],
    ['filters.json', '"-3,400.5"', '"-3,400.6"'],
    ['samplers.json', '[3,24,14]', '[3,24,15]'],
  ])('%s no longer agrees', async (name, from, to) => {
    const text = readFileSync(join(folder, name), 'utf8');
    expect(text).toContain(from);
    const path = join(scratch, name);
    writeFileSync(path, text.replace(from, to));
    expect(failedOf(await checksOf(path)).length).toBeGreaterThan(0);
  });

  it('a run with other scores, and one with other prompts', async () => {
    cpSync(folder, join(scratch, 'set'), { recursive: true });
    const run = join(scratch, 'set', 'runs', 'small');
    const samples = join(run, 'samples_small_sums_2026-11-27.jsonl');
    const before = readFileSync(samples, 'utf8');
    writeFileSync(samples, before.replace('"exact_match": 0.0', '"exact_match": 1.0'));
    expect(failedOf(await checksOf(run)).map(({ quantity }) => quantity)).toEqual(['exact_match']);
    writeFileSync(samples, before.replace('7 and 7 are', '7 and 8 are'));
    expect(failedOf(await checksOf(run)).map(({ quantity }) => quantity)).toEqual(['arguments']);
  });
});

describeShared('fixtures/eval/runs', 'runs of tasks that need Python', path => {
  it('are refused, and nothing else is', async () => {
    const refused = (await checksOf(join(path, 'scripted'))).filter(({ quantity }) => quantity === 'refused');
    expect(refused.map(({ name }) => name)).toEqual([
      'v_truthfulqa_mc2',
      'v_crows_pairs',
      'v_hellaswag_function',
      'v_fewshot_docs_function',
    ]);
    expect(refused[0].note).toMatch(/'process_results' is Python code \(!function fns\.process_results_mc2\)/);
  });
});
