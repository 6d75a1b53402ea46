/** Task files and what they are refused for, data by name, and answers of a model that knows some. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type DataMap, loadDataset } from '../../../src/evaluate/harness/datasets.ts';
import { evaluateTasks } from '../../../src/evaluate/harness/evaluate-tasks.ts';
import { resultsJson, sampleJson, writeResults } from '../../../src/evaluate/harness/results.ts';
import { openTaskLibrary, ownTasks } from '../../../src/evaluate/harness/task-library.ts';
import { metricsOf } from '../../../src/evaluate/harness/task-metrics.ts';
import type { EvaluatedModel } from '../../../src/evaluate/models/evaluated-model.ts';
import { UserError } from '../../../src/support/errors.ts';
import { errorOf } from '../../data/helpers.ts';
import { scratchFolder } from '../../support/scratch.ts';

const folder = scratchFolder();
const place = (...names: string[]): string => join(folder, ...names);

/** Finds what it is told most probable, and writes it. */
const knowing = (answers: readonly string[]): EvaluatedModel => ({
  name: 'knowing',
  scoring: 'causal',
  loglikelihood: async requests =>
    requests.map(({ continuation }) => {
      const known = answers.includes(continuation.trim());
      return { logProb: known ? -1 : -5, isGreedy: known, tokens: 1 };
    }),
  loglikelihoodRolling: async texts => texts.map(text => ({ logProb: -text.length, tokens: 1, bytes: text.length })),
  generateUntil: async requests => requests.map((_, i) => answers[i % answers.length]),
  embed: async texts => texts.map(text => Float32Array.from([Math.cos(text.length), Math.sin(text.length)])),
  [Symbol.dispose]() {},
});

let files = 0;
function taskFile(text: string): string {
  const path = place(`task-${files++}.yaml`);
  writeFileSync(path, text);
  return path;
}

writeFileSync(
  place('colours.jsonl'),
  '{"q": "grass", "a": ["red", "green"], "y": 1}\n{"q": "snow", "a": ["white", "blue"], "y": 0}\n',
);
const COLOURS = `task: colours
dataset_path: colours
test_split: train
output_type: multiple_choice
doc_to_text: "{{q}} is"
doc_to_choice: a
doc_to_target: y
`;
const dataMap: DataMap = { colours: place('colours.jsonl') };

const run = async (path: string, model = knowing(['green', 'blue']), options = {}) =>
  evaluateTasks(model, openTaskLibrary([path]).select([path]), { dataMap, replicates: 50, ...options });

describe('a task', () => {
  it('has a mean with a standard error, and samples', async () => {
    const { tasks } = await run(taskFile(COLOURS));
    const [{ values, samples, effective, original }] = tasks;
    expect(values.get('acc,none')).toEqual({ value: 0.5, stderr: 0.5 });
    expect([effective, original]).toEqual([2, 2]);
    expect(tasks[0].floors).toEqual({ chance: 0.5, majority: 0.5 });
    expect(tasks[0].uncertainty.get('acc,none')).toMatchObject({ method: 'wilson', stderr: 0.5 });
    expect(samples.map(sample => sample.requests[1])).toEqual([
      { kind: 'loglikelihood', context: 'grass is', continuation: ' green' },
      { kind: 'loglikelihood', context: 'snow is', continuation: ' blue' },
    ]);
    expect(sampleJson(samples[0])).toMatchObject({
      doc_id: 0,
      target: '1',
      acc: 1,
      resps: [[['-5.0', 'False']], [['-1.0', 'True']]],
    });
  });

  it('of one document has no standard error, and a limit below 1 is a share', async () => {
    const { tasks } = await run(taskFile(COLOURS), undefined, { limit: 0.4 });
    expect(tasks[0].values.get('acc,none')).toEqual({ value: 1, stderr: 'N/A' });
    const chosen = await run(taskFile(COLOURS), undefined, { samples: { colours: [1] } });
    expect(chosen.tasks[0].samples.map(({ docId }) => docId)).toEqual([1]);
  });

  it('of likeness correlates cosines with scores', async () => {
    writeFileSync(place('pairs.csv'), 'a,bb,5\na,bbb,4\na,bbbb,1\n');
    const path = taskFile(`task: likeness
dataset_path: pairs
dataset_kwargs: {column_names: [one, other, score]}
test_split: train
output_type: similarity
doc_to_text: one
doc_to_pair: other
doc_to_target: score
metric_list: [{metric: spearman}, {metric: kendall}]
`);
    const { tasks } = await run(path, undefined, { dataMap: { pairs: place('pairs.csv') } });
    expect(tasks[0].values.get('spearman,none')!.value).toBeCloseTo(1, 12);
    expect(tasks[0].values.get('kendall,none')!.value).toBeCloseTo(1, 12);
    const silent = { ...knowing([]), embed: undefined };
    await expect(run(path, silent, { dataMap: { pairs: place('pairs.csv') } })).rejects.toThrow(/makes no vectors/);
  });

  it('is written as lm-evaluation-harness writes it', async () => {
    const result = await run(taskFile(COLOURS));
    const facts = {
      model: 'a/b',
      scoring: 'causal',
      fewshotSeed: 1234,
      replicates: 50,
      fewshotAsMultiturn: false,
      date: 0,
    };
    const path = writeResults(place('out'), result, facts);
    expect(path).toBe(place('out', 'a__b', 'results_1970-01-01T00-00-00.000.json'));
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(JSON.stringify(resultsJson(result, facts))));
    const lines = readFileSync(place('out', 'a__b', 'samples_colours_1970-01-01T00-00-00.000.jsonl'), 'utf8')
      .trim()
      .split('\n');
    expect(lines.map(line => JSON.parse(line).doc_id)).toEqual([0, 1]);
  });
});

describe('a task file is refused', () => {
  it.each([
    ['an unknown key', `${COLOURS}doc_to_answer: y\n`, /unknown key 'doc_to_answer'/],
    [
      'Python',
      `${COLOURS}process_results: !function utils.process\n`,
      /'process_results' is Python code \(!function utils\.process\)/,
    ],
    ['a metric', `${COLOURS}metric_list: [{metric: acuracy}]\n`, /there is no metric 'acuracy'/],
    [
      'an option of a metric',
      `${COLOURS}metric_list: [{metric: acc, ignore_case: true}]\n`,
      /metric acc: unknown key 'ignore_case'/,
    ],
    [
      'a metric of another type',
      `${COLOURS}metric_list: [{metric: bleu}]\n`,
      /'bleu' is not one of the type multiple_choice/,
    ],
    ['an aggregation', `${COLOURS}metric_list: [{metric: acc, aggregation: sum}]\n`, /no aggregation 'sum'/],
    ['a filter', `${COLOURS}filter_list: [{name: f, filter: [{function: shorten}]}]\n`, /no filter 'shorten'/],
    ['a split', COLOURS.replace('test_split: train', 'test_split: test'), /there is no split 'test'/],
    [
      'data',
      COLOURS.replace('dataset_path: colours', 'dataset_path: colors'),
      /the data 'colors' is not on this machine/,
    ],
    ['a template', COLOURS.replace('{{q}}', '{{question}}'), /document 0: doc_to_text: 'question' is undefined/],
    [
      'a target',
      COLOURS.replace('doc_to_target: y', 'doc_to_target: 2'),
      /document 0: the target 2 is none of the 2 choices/,
    ],
    ['YAML', 'task: [', /task-\d+\.yaml: /],
    ['a list', '- task', /a task file is a mapping/],
    ['examples', `${COLOURS}num_fewshot: 5\n`, /5 examples are asked for|6 examples are asked for/],
  ])('for %s', async (_, text, message) => {
    const error = await run(taskFile(text)).then(
      () => undefined,
      thrown => thrown,
    );
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('\n');
  });

  it('where includes go in a circle', async () => {
    const [a, b] = [place('circle-a.yaml'), place('circle-b.yaml')];
    writeFileSync(a, 'include: circle-b.yaml\ntask: a\n');
    writeFileSync(b, 'include: circle-a.yaml\n');
    expect((await errorOf(() => openTaskLibrary([a]))).message).toMatch(/include each other in a circle/);
  });
});

describe('names', () => {
  const library = openTaskLibrary();

  it('are tasks, groups, tags and patterns', async () => {
    const count = (name: string): number => library.select([name]).length;
    expect([count('blimp'), count('blimp_transitive'), count('translation'), count('stsb_*')]).toEqual([1, 1, 10, 2]);
    expect((await errorOf(() => library.select(['blimb']))).hint).toBe("did you mean 'blimp'?");
  });

  it('all stand for files that hold together', () => {
    const tasks = [...library.entries.values()].filter(({ kind }) => kind === 'task');
    expect(tasks.length).toBeGreaterThan(15);
    for (const { name } of tasks) {
      const [node] = library.select([name]);
      if (node.kind === 'task') expect(metricsOf(node.config, ownTasks).length).toBeGreaterThan(0);
    }
  });
});

describe('data', () => {
  const load = (path: string, options: { name?: string; kwargs?: unknown } = {}) =>
    loadDataset({ path, where: 'task.yaml', ...options }, { data: place('data') });

  it('is found in a folder by its name and its splits', async () => {
    mkdirSync(place('data', 'inner'), { recursive: true });
    writeFileSync(place('data', 'one.jsonl.gz'), gzipSync('{"a": 1}\n'));
    writeFileSync(place('data', 'inner', 'train.csv'), 'a,b\n1,x\n');
    writeFileSync(place('data', 'inner', 'dev.csv'), 'a,b\n2,NA\n');
    expect(load('data', { name: 'one' }).docs.get('train')).toEqual([{ a: 1 }]);
    expect([...load('data', { name: 'inner' }).docs]).toEqual([
      ['validation', [{ a: 2, b: null }]],
      ['train', [{ a: 1, b: 'x' }]],
    ]);
    expect((await errorOf(() => load('data', { name: 'two' }))).message).toMatch(/no data called 'two'/);
  });

  it('joins text files line by line, and says where they do not fit', async () => {
    writeFileSync(place('data', 'a.txt'), 'one\ntwo\n');
    writeFileSync(place('data', 'b.txt'), 'eins\nzwei\n');
    writeFileSync(place('data', 'c.txt'), 'uno\n');
    const kwargs = (other: string) => ({ line_files: { test: { en: 'a.txt', other } } });
    expect(load('data', { kwargs: kwargs('b.txt') }).docs.get('test')).toEqual([
      { en: 'one', other: 'eins' },
      { en: 'two', other: 'zwei' },
    ]);
    expect((await errorOf(() => load('data', { kwargs: kwargs('c.txt') }))).message).toMatch(
      /c\.txt has 1 lines, .*a\.txt has 2/,
    );
  });

  it('names the file and the line that cannot be read', async () => {
    writeFileSync(place('data', 'bad.jsonl'), '{"a": 1}\n{"a": }\n');
    const kwargs = { data_files: place('data', 'bad.jsonl') };
    expect((await errorOf(() => loadDataset({ path: 'json', kwargs, where: 'task.yaml' }))).message).toMatch(
      /bad\.jsonl, line 2: /,
    );
  });
});
