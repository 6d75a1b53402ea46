/** The choice among models: the rule, its limits and its words, and a real one among small models. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { saveNgram, trainNgramOn } from '../../../src/ngram/index.ts';
import { type Candidate, choose, DEFAULT_WEIGHTS, reasonFor } from '../../../src/runs/select/choose.ts';
import { labelPlaces } from '../../../src/runs/select/selection-report.ts';
import { writeFiles } from '../../data/helpers.ts';
import { expectRefusal, tslmHere } from '../../helpers/cli.ts';
import { tinyModelFolder } from '../../helpers/server.ts';
import { scratchFolder } from '../../support/scratch.ts';

const hasPython = spawnSync('python3', ['--version']).status === 0;
const folder = scratchFolder();
const place = (...names: string[]): string => join(folder, ...names);

const candidate = (
  name: string,
  value: number,
  tokensPerSecond: number,
  memory: number | null,
  higherIsBetter = true,
): Candidate => ({
  name,
  quality: { value, stderr: 0.02, interval: [value - 0.04, value + 0.04], higherIsBetter, tasks: [] },
  costs: { tokensPerSecond, firstToken: 0.1, memory, disk: 1000 },
});
const MODELS = [
  candidate('large', 0.8, 10, 4e9),
  candidate('middle', 0.79, 40, 1e9),
  candidate('small', 0.6, 100, 1e8),
];
const points = (value: number): string => `${(100 * value).toFixed(1)} points`;

describe('the rule', () => {
  it('takes the cheapest within one standard error of the best', () => {
    const choice = choose(MODELS);
    expect([choice.best, choice.chosen]).toEqual([0, 1]);
    expect(choice.models.map(({ isNearBest }) => isNearBest)).toEqual([true, true, false]);
    expect(choice.models.map(({ isOnFront }) => isOnFront)).toEqual([true, true, true]);
    expect(reasonFor(choice, points)).toBe(
      'middle is the cheapest within one standard error of the best: 1.0 points behind large (whose standard error is 2.0 points), at 4.0 × the speed, 0.25 × the memory.',
    );
  });

  it('looks at what is within the limits alone', () => {
    const choice = choose(MODELS, { maxMemory: 5e8 });
    expect(choice.chosen).toBe(2);
    expect(choice.models[0].excluded).toEqual(['needs 4.0 GB of memory, 500 MB of memory are allowed']);
    expect(reasonFor(choice, points)).toMatch(
      /^small is the best of the 1 within the limits \(60\.0 points ± 2\.0 points\)/,
    );
    expect(choose(MODELS, { minTokensPerSecond: 50 }).chosen).toBe(2);
    expect(() => choose(MODELS, { maxMemory: 5e7 })).toThrow(
      /no model is within the limits: large needs 4\.0 GB of memory/,
    );
    // What is on another machine does not tell its memory.
    expect(() => choose([candidate('served', 1, 1, null)], { maxMemory: 1e9 })).toThrow(/does not tell its memory/);
  });

  it('counts costs as it is told, and knows of metrics that are to be small', () => {
    const even = [candidate('quick', 0.8, 100, 8e9), candidate('lean', 0.8, 20, 1e9)];
    expect(choose(even, {}, { ...DEFAULT_WEIGHTS, memory: 0 }).chosen).toBe(0);
    expect(choose(even).chosen).toBe(1);
    const bits = [candidate('a', 1.2, 10, 1e9, false), candidate('b', 1.0, 10, 1e9, false)];
    expect(choose(bits).chosen).toBe(1);
  });

  it('leaves out of the front what another one beats in everything', () => {
    const front = choose([...MODELS, candidate('useless', 0.5, 50, 2e8)]).models.map(({ isOnFront }) => isOnFront);
    expect(front).toEqual([true, true, true, false]);
  });
});

describe('labels of the plot', () => {
  it('lie over no other label and no other point where speeds are close', () => {
    const points = [100, 101, 103, 104, 106].map((x, i): [number, number] => [x, 200 + i]);
    const names = points.map((_, i) => `model number ${i}`);
    const placed = labelPlaces(points, names);
    for (const [i, [, y]] of placed.entries()) {
      for (const [, other] of placed.slice(i + 1)) expect(Math.abs(y - other)).toBeGreaterThanOrEqual(17);
    }
    const far = labelPlaces(
      [
        [100, 100],
        [500, 100],
      ],
      ['a', 'b'],
    );
    expect(far[0][1]).toBe(far[1][1]);
  });
});

describe('a choice among models that are there', () => {
  const docs = Array.from({ length: 12 }, (_, i) => JSON.stringify({ q: `the ${i}`, a: [' cat', ' qqq'], y: i % 2 }));
  const task =
    'task: t\ndataset_path: t\ntest_split: train\noutput_type: multiple_choice\ndoc_to_text: q\ndoc_to_choice: a\ndoc_to_target: y\n';

  it('measures each, and writes down why it is that one', async () => {
    writeFiles(folder, {
      't.yaml': task,
      't.jsonl': `${docs.join('\n')}\n`,
      'words.txt': 'the cat sat\na cat ran\n'.repeat(5),
    });
    tinyModelFolder(place('tiny'));
    mkdirSync(place('bigrams'));
    saveNgram(
      place('bigrams'),
      await trainNgramOn(place('words.txt'), { order: 2, units: 'characters', discountFallback: [0.5, 1, 1.5] }),
    );
    const asked = [
      '--tasks',
      place('t.yaml'),
      '--data-map',
      `t=${place('t.jsonl')}`,
      '--out',
      place('selection'),
      '--tokens',
      '8',
    ];
    const { code, stdout, stderr } = await tslmHere([
      'select',
      place('tiny'),
      place('bigrams'),
      ...asked,
      '--holdout',
      '0.25',
    ]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/→ /);
    const selection = JSON.parse(readFileSync(place('selection', 'selection.json'), 'utf8'));
    expect(selection.models).toHaveLength(2);
    for (const { costs, quality } of selection.models) {
      expect(costs.tokensPerSecond).toBeGreaterThan(0);
      expect(costs.memory).toBeGreaterThan(0);
      expect(costs.disk).toBeGreaterThan(1000);
      expect(quality.tasks[0]).toMatchObject({ task: 't', metric: 'acc', documents: 9 });
    }
    expect([place('tiny'), place('bigrams')]).toContain(selection.chosen);
    expect(stdout).toContain(selection.reason);
    expect(selection.final.tasks[0].documents).toBe(3);
    expect(readFileSync(place('selection', 'report.html'), 'utf8')).toContain('<svg');
    expect(existsSync(place('selection', 'answers.jsonl'))).toBe(true);
  });

  it('is refused in a line where it cannot be made', async () => {
    const asked = ['--tasks', place('t.yaml'), '--data-map', `t=${place('t.jsonl')}`, '--out', place('other')];
    expectRefusal(await tslmHere(['select', place('tiny'), place('tiny'), ...asked]), 2, /named twice/);
    expectRefusal(await tslmHere(['select', place('tiny'), ...asked, '--weights', 'price=1']), 2, /--weights price=1/);
    expectRefusal(await tslmHere(['select', place('tiny'), ...asked, '--metric', 'bleu']), 2, /has no metric 'bleu'/);
    writeFileSync(place('one.jsonl'), `${docs[0]}\n`);
    const one = ['--tasks', place('t.yaml'), '--data-map', `t=${place('one.jsonl')}`, '--out', place('other')];
    expectRefusal(await tslmHere(['select', place('tiny'), ...one]), 2, /documents are too few/);
  });

  it.runIf(hasPython)('runs what the models write only where that is allowed', async () => {
    const row = (n: number) => ({
      prompt: `def f(x):\n    y = ${n}\n`,
      test: 'def check(f):\n    pass\n',
      entry_point: 'f',
    });
    writeFiles(folder, { 'programs/HumanEval.jsonl': `${[1, 2, 3].map(n => JSON.stringify(row(n))).join('\n')}\n` });
    const programs = ['--tasks', 'humaneval', '--data-map', `humaneval=${place('programs')}`, '--tokens', '4'];
    const asked = ['select', place('tiny'), ...programs, '--out', place('programs-chosen'), '--json'];
    expectRefusal(await tslmHere(asked), 2, /unsafe_code/);
    const { code, stdout, stderr } = await tslmHere([
      ...asked,
      '--gen-kwargs',
      'max_gen_toks=16',
      '--allow-code-execution',
    ]);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout).models[0].quality.tasks[0]).toMatchObject({
      task: 'humaneval',
      metric: 'pass@1',
      documents: 3,
    });
  });
});
