/** An evaluation that is killed at any moment goes on when it is started again: the same results, and no request answered twice. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import { evaluateTasks } from '../../src/evaluate/harness/evaluate-tasks.ts';
import { openTaskLibrary } from '../../src/evaluate/harness/task-library.ts';
import { openAnyModel } from '../../src/evaluate/models/open-any.ts';
import { saveModel } from '../../src/models/auto.ts';
import { createRandom } from '../../src/support/random.ts';
import { root } from '../../src/support/root.ts';
import { describeLong } from '../helpers/long.ts';
import { scratchFolder } from '../support/scratch.ts';
import { tinyModel, wordTokenizer } from '../tasks/helpers.ts';

const folder = scratchFolder();
const place = (...names: string[]): string => join(folder, ...names);
const bin = join(root, 'bin', 'tslm');
/** Two requests each; answers are kept 2048 at a time. */
const DOCUMENTS = 1500;

beforeAll(() => {
  saveModel(place('model'), tinyModel('gpt2', 'GPT2LMHeadModel'));
  wordTokenizer({ bos_token: '[CLS]', eos_token: '[SEP]' }).save(place('model'));
  const words = ['the', 'cat', 'sat', 'ann', 'met', 'lee'];
  const random = createRandom(3);
  const text = (): string => Array.from({ length: 2 + random.below(4) }, () => words[random.below(6)]).join(' ');
  // The number keeps documents apart.
  const rows = Array.from({ length: DOCUMENTS }, (_, i) => ({ q: `${i}`, a: text(), b: `${text()} sat` }));
  writeFileSync(place('pairs.jsonl'), rows.map(row => `${JSON.stringify(row)}\n`).join(''));
  writeFileSync(
    place('order.yaml'),
    `task: order\ndataset_path: pairs\ntest_split: train\noutput_type: multiple_choice\ndoc_to_text: "nr {{q}}"\ndoc_to_choice: "{{[a, b]}}"\ndoc_to_target: 0\nmetric_list: [{metric: acc}]\n`,
  );
});

const cache = place('answers.jsonl');
const keys = (): string[] =>
  existsSync(cache)
    ? readFileSync(cache, 'utf8')
        .split('\n')
        .flatMap(line => (line.endsWith(']') ? [(JSON.parse(line) as [string])[0]] : []))
    : [];

function start() {
  const child = spawn(
    process.execPath,
    [
      bin,
      'evaluate',
      place('model'),
      '--tasks',
      place('order.yaml'),
      '--data-map',
      `pairs=${place('pairs.jsonl')}`,
      '--use-cache',
      cache,
      '--json',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text;
  });
  const ended = new Promise<string>(resolve => child.on('close', () => resolve(stdout)));
  return { child, ended };
}

/** Killed as soon as there are more answers than before and a while has passed; until it comes to its end. */
async function killedAndAgain(kills: number, seed: number): Promise<{ acc: unknown; killed: number }> {
  rmSync(cache, { force: true });
  const random = createRandom(seed);
  let killed = 0;
  for (;;) {
    const { child, ended } = start();
    const before = keys().length;
    const after = random.below(60);
    while (killed < kills && child.exitCode === null && keys().length === before) await sleep(5);
    if (killed < kills && child.exitCode === null) {
      await sleep(after);
      child.kill('SIGKILL');
      await ended;
      killed++;
      continue;
    }
    const { results } = JSON.parse(await ended) as { results: { order: { 'acc,none': number } } };
    return { acc: results.order['acc,none'], killed };
  }
}

async function uninterrupted(): Promise<number> {
  using model = (await openAnyModel(place('model'))).model;
  const nodes = openTaskLibrary([place('order.yaml')]).select(['order']);
  const { tasks } = await evaluateTasks(model, nodes, { dataMap: { pairs: place('pairs.jsonl') } });
  return tasks[0].values.get('acc,none')!.value;
}

describeLong('an evaluation that is killed', () => {
  it('goes on with what it has', async () => {
    const { acc, killed } = await killedAndAgain(1, 1);
    expect(killed).toBe(1);
    expect(acc).toBe(await uninterrupted());
    expect(keys()).toHaveLength(2 * DOCUMENTS);
    expect(new Set(keys()).size).toBe(2 * DOCUMENTS);
  });

  it('again and again, too', async () => {
    for (const seed of [2, 3]) {
      const { acc } = await killedAndAgain(2, seed);
      expect(acc).toBe(await uninterrupted());
      expect(keys()).toHaveLength(2 * DOCUMENTS);
      expect(new Set(keys()).size).toBe(2 * DOCUMENTS);
    }
  });
});
