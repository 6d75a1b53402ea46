/** What a candidate must not get worse at: golden conversations, safety checks, benchmarks. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { loadCompleteModel } from '../../src/models/auto.ts';
import { answersTo } from '../../src/online/gate/answers.ts';
import { decide, readChecks } from '../../src/online/gate/gate.ts';
import { readGolden } from '../../src/online/gate/golden.ts';
import { forbidden, readSafety, safetyScores } from '../../src/online/gate/safety.ts';
import { learn } from '../../src/online/learn.ts';
import { readSettings } from '../../src/online/settings.ts';
import { openStore } from '../../src/online/store/store.ts';
import { openWorkbench } from '../../src/online/update/workbench.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { tinyModelFolder } from '../helpers/server.ts';
import { scratchFolder } from '../support/scratch.ts';
import { simulate, writeReplay, writeSettings } from './helpers.ts';

const scratch = scratchFolder();
const path = tinyModelFolder(join(scratch, 'tiny'));
const replay = [writeReplay(join(scratch, 'replay.jsonl'))];
const tokenizer = Tokenizer.fromFile(path);
const model = loadCompleteModel(path);
model.eval();
afterAll(() => model.dispose());

const write = (folder: string, name: string, rows: readonly object[]): void => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), rows.map(row => JSON.stringify(row)).join('\n'));
};
const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

describe('files of the gate', () => {
  it('are read line by line, and say which line is wrong', () => {
    const folder = join(scratch, 'lines');
    write(folder, 'golden.jsonl', [{ prompt: 'a', equals: 'b' }, { prompt: 'a' }]);
    expect(() => readGolden(folder)).toThrow(/golden\.jsonl: line 2: give exactly one of equals/);
    write(folder, 'safety.jsonl', [{ never: 'x' }, { prompt: 'a', refuses: '(' }]);
    expect(() => readSafety(folder)).toThrow(/safety\.jsonl: line 2/);
    write(folder, 'safety.jsonl', [{ refuses: true }]);
    expect(() => readSafety(folder)).toThrow(/only the answer to a prompt can be a refusal/);
    write(folder, 'safety.jsonl', [{ prompt: 'a' }]);
    expect(() => readSafety(folder)).toThrow(/give refuses, never, or both/);
    writeFileSync(join(folder, 'safety.jsonl'), '{');
    expect(() => readSafety(folder)).toThrow(/line 1 is not JSON/);
    expect(readGolden(join(scratch, 'nowhere'))).toEqual([]);
  });

  it('name benchmarks that are there, before anything is trained', () => {
    const folder = join(scratch, 'benchmarks');
    const settings = (gate: object): ReturnType<typeof readSettings> => {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'learning.yaml'), stringify({ gate }));
      return readSettings(folder);
    };
    expect(() => readChecks(folder, settings({ benchmarks: [{ task: 'lambda' }] }))).toThrow(/no task.*'lambda'/);
    expect(() => readChecks(folder, settings({ benchmarks: [{ task: 'lambada' }] }))).toThrow(/not on this machine/);
    expect(() => settings({ benchmarks: [{ task: 'lambada', margn: 1 }] })).toThrow(
      /unknown key 'gate\.benchmarks\.0\.margn'/,
    );
  });
});

describe('safety checks', () => {
  const refusals = readSettings(join(scratch, 'nowhere')).gate.refusals;
  const options = { others: [], refusals, drawn: 0, maxTokens: 8 };
  const [[answer]] = answersTo(model, tokenizer, ['abc: '], { maxTokens: 8 });
  const scores = (rows: readonly object[], more = {}): number[] => {
    const folder = join(scratch, 'checks');
    write(folder, 'safety.jsonl', rows);
    return safetyScores(model, tokenizer, readSafety(folder), { ...options, ...more });
  };

  it('look for what must be refused, and for what must not be written', () => {
    expect(answer.length).toBeGreaterThan(0);
    const text = escaped(answer);
    const asked = { prompt: 'abc: ', max_tokens: 8 };
    expect(scores([{ ...asked, never: text }])).toEqual([0]);
    expect(scores([{ ...asked, never: ['not there', 'nor this'] }])).toEqual([1]);
    expect(scores([{ ...asked, refuses: text }])).toEqual([1]);
    expect(scores([{ ...asked, refuses: true }])).toEqual([0]);
    expect(scores([{ ...asked, refuses: true }], { refusals: [new RegExp(text, 'u')] })).toEqual([1]);
    // A line without a prompt holds for all answers.
    expect(scores([asked && { ...asked, never: 'not there' }, { never: text }], { others: ['abc: '] })).toEqual([0, 0]);
    expect(scores([{ never: 'not there' }], { others: ['abc: '] })).toEqual([1]);
  });

  it('look at answers that are drawn, too', () => {
    const [drawn] = answersTo(model, tokenizer, ['abc: '], { maxTokens: 8, drawn: 2 });
    expect(new Set(drawn).size).toBe(3);
    expect(answersTo(model, tokenizer, ['abc: '], { maxTokens: 8, drawn: 2 })).toEqual([drawn]);
    const never = escaped(drawn[2]);
    expect(scores([{ prompt: 'abc: ', max_tokens: 8, never }], { drawn: 1 })).toEqual([1]);
    expect(scores([{ prompt: 'abc: ', max_tokens: 8, never }], { drawn: 2 })).toEqual([0]);
  });

  it('know refusals in English and Chinese', () => {
    const isRefusal = (text: string): boolean => refusals.some(pattern => pattern.test(text));
    const refused = ["I'm sorry, but I can't help with that.", 'I cannot provide this.', 'I am unable to assist.'];
    for (const text of [...refused, '抱歉，我无法为您提供这些信息。', '这个问题我不能回答。'])
      expect(isRefusal(text)).toBe(true);
    for (const text of ['Yes, here is how.', 'You can do it.', '好的，步骤如下。']) expect(isRefusal(text)).toBe(false);
  });

  it('tell what must be in no answer at all', () => {
    const folder = join(scratch, 'forbidden');
    write(folder, 'safety.jsonl', [{ never: ['Buy now'] }, { prompt: 'a', never: 'b' }]);
    expect(forbidden(readSafety(folder)).map(({ source }) => source)).toEqual(['Buy now']);
    expect(forbidden(readSafety(folder))[0].test('so buy NOW!')).toBe(true);
  });
});

describe('the gate', () => {
  const task = {
    task: 'own',
    dataset_path: 'own',
    test_split: 'test',
    output_type: 'multiple_choice',
    doc_to_text: '{{prompt}}',
    doc_to_choice: 'choices',
    doc_to_target: '{{right}}',
    target_delimiter: '',
  };
  const letters = [...'abcdefghijklmnopqrstuvwxyz'];

  /** A folder with people who want short answers, and a task in which these are right or wrong. */
  function service(name: string, right: number, gate = {}) {
    const folder = join(scratch, name);
    writeSettings(folder, {
      gate: { benchmarks: [{ task: 'own.yaml', margin: 0.1 }], data: { own: 'own' }, ...gate },
    });
    writeFileSync(join(folder, 'own.yaml'), stringify(task));
    const docs = letters.map((letter, i) => ({
      prompt: `${letter}${letter}${letter}: `,
      choices: ['yes.', `${letters[(7 * i + 3) % 26]}${letters[(5 * i + 1) % 26]}${letters[(11 * i) % 26]}.`],
      right,
    }));
    write(join(folder, 'own'), 'test.jsonl', docs);
    const store = openStore(folder);
    simulate(store, { people: 6, each: 8 });
    return store;
  }

  it('asks benchmarks, golden conversations and safety checks, and says all in one sentence', async () => {
    using store = service('holds', 0);
    write(store.folder, 'golden.jsonl', [{ prompt: 'abc: ', matches: '^', max_tokens: 4 }]);
    write(store.folder, 'safety.jsonl', [{ prompt: 'abc: ', never: 'buy now', max_tokens: 4 }, { never: 'buy now' }]);
    const { decision, outcome } = await learn(store, { model: path, replay });
    expect(decision!.sentence).toMatch(/^Passed: /);
    expect(outcome).toBe('promoted');
    const guards = Object.fromEntries(decision!.guards.map(guard => [guard.name, guard]));
    expect(Object.keys(guards)).toEqual([
      'wanted answers',
      'original text',
      'benchmark own.yaml',
      'golden conversations',
      'safety checks',
    ]);
    const { 'benchmark own.yaml': own, 'golden conversations': golden, 'safety checks': safety } = guards;
    expect(own).toMatchObject({ unit: 'points', items: 26, margin: 0.1, passed: true });
    expect(own.candidate).toBe(1); // what people want is what is right there
    expect(golden).toMatchObject({ unit: 'answers', items: 1, candidate: 1, lost: 0, passed: true });
    // Its own prompt, the golden one, and those of held-out judgements.
    expect(safety.items).toBeGreaterThan(5);
    expect(safety).toMatchObject({ lost: 0, passed: true });
    expect(decision!.sentence).toContain('golden conversations 1 of 1; safety checks');
    expect(decision!.sentence).toMatch(/benchmark own\.yaml [+−]\d+\.\d points/);
  });

  it('rejects what people want and a benchmark does not', async () => {
    using store = service('falls', 1);
    const { decision, outcome } = await learn(store, { model: path, replay });
    const own = decision!.guards.find(({ name }) => name === 'benchmark own.yaml')!;
    expect(own.candidate).toBe(0);
    expect(own.champion).toBeGreaterThan(0.1);
    expect(decision!.reasons).toEqual(['benchmark own.yaml falls']);
    expect(outcome).toBe('rejected');
  });

  it('rejects what loses an answer, however much it gains', async () => {
    using store = service('loses', 0);
    const [[answer]] = answersTo(model, tokenizer, ['abc: '], { maxTokens: 4 });
    write(store.folder, 'golden.jsonl', [
      { prompt: 'abc: ', equals: answer, max_tokens: 4 },
      { prompt: 'abd: ', matches: '^y', max_tokens: 4 },
    ]);
    const { decision } = await learn(store, { model: path, replay });
    const golden = decision!.guards.find(({ name }) => name === 'golden conversations')!;
    expect(golden).toMatchObject({ champion: 0.5, lost: 1, passed: false });
    expect(decision!.reasons).toEqual(['golden conversations fall']);
    expect(decision!.sentence).toContain('of 2, 1 lost, past its margin');
  });

  it('counts what all rounds have lost of the text from before, not the last one alone', async () => {
    using store = service('adds-up', 0);
    const settings = readSettings(store.folder);
    using bench = await openWorkbench(path, { championFolder: path, settings, replayFiles: replay });
    const options = { heldOut: [], golden: [], safety: [], benchmarks: [], settings };
    const same = (await decide(bench, model, options)).guards[0];
    expect(same).toMatchObject({ name: 'original text', difference: 0, fromBase: expect.closeTo(0, 9), passed: true });
    // As if champion and candidate had lost 6 % before, of the 5 % that are allowed here.
    const baseLosses = (): number[] => bench.baseLosses().map(loss => loss / 1.06);
    const decision = await decide({ ...bench, baseLosses }, model, options);
    expect(decision.guards[0]).toMatchObject({ difference: 0, fromBase: expect.closeTo(0.06, 9), passed: false });
    expect(decision.reasons).toContain('original text falls');
    expect(decision.sentence).toContain('original text loss +0.0 % (+6.0 % since the beginning), past its margin');
  });
});
