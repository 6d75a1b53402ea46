/** Comparisons: their promise on models that are equally good, what they refuse, and what they say. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compareItems } from '../../../src/evaluate/compare/compare-items.ts';
import { compareRuns } from '../../../src/evaluate/compare/compare-runs.ts';
import { readRecordedRun } from '../../../src/evaluate/compare/recorded-run.ts';
import { clustersOf } from '../../../src/evaluate/harness/shared-passages.ts';
import { mcnemar } from '../../../src/evaluate/statistics/mcnemar.ts';
import { differences } from '../../../src/evaluate/statistics/paired.ts';
import { pairedBootstrap } from '../../../src/evaluate/statistics/paired-bootstrap.ts';
import { createRandom } from '../../../src/support/random.ts';
import { errorOf } from '../../data/helpers.ts';
import { expectRefusal, tslmHere } from '../../helpers/cli.ts';
import { itShared } from '../../helpers/shared.ts';
import { scratchFolder } from '../../support/scratch.ts';

const folder = scratchFolder();

/** Two models that are right equally often, each better on passages of its own: answers about one passage go together. */
function equallyGood(seed: number, passages: number, each: number): { a: number[]; b: number[]; of: number[] } {
  const random = createRandom(seed);
  const of = Array.from({ length: passages * each }, (_, i) => Math.floor(i / each));
  const one = (): number[] => {
    const chances = Array.from({ length: passages }, () => (random.next() < 0.5 ? 0.15 : 0.85));
    return of.map(passage => Number(random.next() < chances[passage]));
  };
  return { a: one(), b: one(), of };
}

const shareOf = (runs: number, isRejected: (run: number) => boolean): number =>
  Array.from({ length: runs }, (_, run) => Number(isRejected(run))).reduce((a, b) => a + b) / runs;

describe('models that are equally good, on questions about shared passages', () => {
  const RUNS = 1200;

  it('are told apart in 3 to 7 of 100 comparisons, by the test and by the interval', () => {
    let outside = 0;
    const rejected = shareOf(RUNS, run => {
      const { a, b, of } = equallyGood(run, 40, 8);
      const { p, interval } = compareItems(a, b, 'mean', { clusters: of, permutations: 300 });
      if (interval[0] > 0 || interval[1] < 0) outside++;
      return p <= 0.05;
    });
    expect(rejected).toBeGreaterThan(0.03);
    expect(rejected).toBeLessThan(0.07);
    expect(outside / RUNS).toBeGreaterThan(0.03);
    expect(outside / RUNS).toBeLessThan(0.07);
  });

  it('are told apart far more often where questions are taken for independent', () => {
    const naive = shareOf(100, run => {
      const { a, b } = equallyGood(run, 40, 8);
      return pairedBootstrap(differences(a, b), { replicates: 200, seed: run }).p < 0.05;
    });
    const exact = shareOf(100, run => {
      const { a, b } = equallyGood(run, 40, 8);
      return compareItems(a, b, 'mean').p < 0.05;
    });
    expect(naive).toBeGreaterThan(0.25);
    expect(exact).toBeGreaterThan(0.2);
  });

  it('and by values of whole corpora', () => {
    const rejected = shareOf(80, run => {
      const { a, b, of } = equallyGood(run, 24, 4);
      const pairs = (right: readonly number[]) => right.map((value, i) => [i % 2, value === 1 ? i % 2 : 1 - (i % 2)]);
      return compareItems(pairs(a), pairs(b), 'f1', { clusters: of, permutations: 200, replicates: 2 }).p < 0.05;
    });
    expect(rejected).toBeGreaterThan(0.005);
    expect(rejected).toBeLessThan(0.1);
  });
});

describe('a metric of right and wrong', () => {
  it('is compared by the exact test, and by signs of passages where these are shared', () => {
    const a = [...new Array(9).fill(1), ...new Array(31).fill(0)];
    const b = new Array(40).fill(0);
    const alone = compareItems(a, b, 'mean');
    expect(alone).toMatchObject({ test: 'exact McNemar', onlyA: 9, onlyB: 0, items: 40 });
    expect(alone.p).toBe(mcnemar(a, b).exactP);
    expect(alone.p).toBeCloseTo(2 / 2 ** 9, 12);
    // All nine are about one passage: nothing is shown by one.
    const together = compareItems(a, b, 'mean', { clusters: a.map((right, i) => (right ? 'x' : i)) });
    expect(together).toMatchObject({ test: 'paired permutation', p: 1, clusters: 32 });
    expect(together.detectable).toBeGreaterThan(2.5 * alone.detectable);
  });
});

describe('passages', () => {
  const docs = [
    { passage: 'p', q: 1 },
    { passage: 'p', q: 2 },
    { passage: 'r', q: 1 },
  ];

  it('are found where two documents share one', async () => {
    expect(clustersOf(docs)).toMatchObject({ field: 'passage', count: 2 });
    expect(clustersOf(docs, 'q')).toMatchObject({ field: 'q', count: 2 });
    expect(clustersOf(docs, 'none')).toBeUndefined();
    expect(clustersOf([{ passage: 'p' }, { passage: 'r' }])).toBeUndefined();
    expect(await errorOf(() => clustersOf(docs, 'story'))).toMatchObject({ code: 'TSLM_NO_FIELD' });
  });
});

interface Line {
  id: number;
  acc: number;
  prompt?: string;
}

/** As lm-evaluation-harness writes it. */
function record(name: string, lines: readonly Line[], task = 'letters'): string {
  const into = join(folder, name, 'org__model');
  mkdirSync(into, { recursive: true });
  const samples = lines.map(({ id, acc, prompt = 'same' }) =>
    JSON.stringify({
      doc_id: id,
      doc: { q: id },
      filter: 'none',
      metrics: ['acc'],
      doc_hash: `doc${id}`,
      prompt_hash: prompt,
      target_hash: 't',
      acc,
    }),
  );
  writeFileSync(join(into, `samples_${task}_2026-01-01T00-00-00.0.jsonl`), `${samples.join('\n')}\n`);
  const results = {
    model_name: `org/${name}`,
    configs: { [task]: { task, metric_list: [{ metric: 'acc', aggregation: 'mean', higher_is_better: true }] } },
    higher_is_better: { [task]: { acc: true } },
  };
  writeFileSync(join(into, 'results_2026-01-01T00-00-00.0.json'), JSON.stringify(results));
  return join(folder, name);
}

const ids = Array.from({ length: 30 }, (_, i) => i);

describe('recorded evaluations', () => {
  const weak = record(
    'weak',
    ids.map(id => ({ id, acc: Number(id % 3 === 0) })),
  );
  const strong = record(
    'strong',
    ids.map(id => ({ id, acc: 1 })),
  );
  const again = record(
    'again',
    ids.map(id => ({ id, acc: Number(id % 3 === 0) })),
  );

  it('are compared pair by pair, and a sentence says what it comes to', () => {
    const runs = [weak, strong, again].map(readRecordedRun);
    const pairs = compareRuns(runs, ['weak', 'strong', 'again']);
    expect(pairs.map(({ a, b }) => `${a} ${b}`)).toEqual(['weak strong', 'weak again', 'strong again']);
    const [first, second] = pairs;
    expect(first.tasks[0].p).toBeCloseTo(2 / 2 ** 20, 12);
    expect(first.tasks[0].adjustedP).toBeCloseTo((3 * 2) / 2 ** 20, 12);
    expect(first.sentence).toMatch(
      /^strong is better than weak by 66\.7 ± 17\.9 points in letters acc \(p < 0\.001\)\.$/,
    );
    expect(second.sentence).toBe('No difference between weak and again is shown: they give the same answers.');
  });

  it('are refused where data or prompts differ, unless that is allowed', async () => {
    const more = record(
      'more',
      [...ids, 30].map(id => ({ id, acc: 1 })),
    );
    const chat = record(
      'chat',
      ids.map(id => ({ id, acc: 1, prompt: 'other' })),
    );
    const other = record(
      'other',
      ids.map(id => ({ id, acc: 1 })),
      'words',
    );
    const compare = (path: string, options = {}) =>
      compareRuns([weak, path].map(readRecordedRun), ['weak', 'x'], options);
    expect(await errorOf(() => compare(more))).toMatchObject({ code: 'TSLM_DIFFERENT_DATA' });
    expect(compare(more, { commonDocuments: true })[0].tasks[0].items).toBe(30);
    expect(await errorOf(() => compare(chat))).toMatchObject({ code: 'TSLM_DIFFERENT_PROMPTS' });
    expect(compare(chat, { differentPrompts: true })[0].tasks[0].items).toBe(30);
    expect(await errorOf(() => compare(other))).toMatchObject({ code: 'TSLM_DIFFERENT_TASKS' });
    expect(await errorOf(() => compare(strong, { metrics: ['bleu'] }))).toMatchObject({ code: 'TSLM_NO_METRIC' });
  });

  it('have a command', async () => {
    const { code, stdout } = await tslmHere(['compare', weak, strong, '--json']);
    expect(code).toBe(0);
    const { pairs } = JSON.parse(stdout);
    expect(pairs[0].tasks[0]).toMatchObject({
      task: 'letters',
      metric: 'acc',
      onlyA: 0,
      onlyB: 20,
      test: 'exact McNemar',
    });
    expect((await tslmHere(['compare', weak, strong])).stdout).toMatch(
      /letters +acc +0\.3333 +1\.0000 .*\n\nstrong is better/,
    );
    expectRefusal(await tslmHere(['compare', weak]), 2, /nothing to compare with/);
    expectRefusal(await tslmHere(['compare', weak, folder]), 2, /there is no results_….json|results of/);
    expectRefusal(await tslmHere(['compare', weak, join(folder, 'no')]), 2, /no such file/);
  });
});

itShared('fixtures/eval/unit/comparison_of_runs.json', 'runs that lm-evaluation-harness wrote are read', path => {
  const at = (name: string): string => join(path, '..', '..', 'runs', name);
  const runs = [at('gpt2'), at('llama')].map(readRecordedRun);
  const [{ tasks }] = compareRuns(runs, ['gpt2', 'llama'], {
    metrics: 'all',
    commonDocuments: true,
    permutations: 200,
  });
  const arc = tasks.find(({ task, metric }) => task === 'v_arc_challenge_mi' && metric === 'acc')!;
  expect(arc).toMatchObject({ items: 12, onlyA: 0, onlyB: 2, p: 0.5 });
  expect(arc.error).toBeCloseTo(0.11236664374387369, 10);
});
