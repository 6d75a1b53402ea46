/** Searches for better prompts with a model whose ways are known: more of its own chains in the prompt, more right answers. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ScriptedCompleter, scriptedCompleter } from '../../../src/prompt/completers/scripted.ts';
import { type OptimizeOptions, optimizePrompt } from '../../../src/prompt/optimize/optimize.ts';
import { SEARCHES } from '../../../src/prompt/optimize/searches.ts';
import { splitRows } from '../../../src/prompt/optimize/split-rows.ts';
import { readPromptFile } from '../../../src/prompt/program/prompt-file.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { mathFile } from '../problems.ts';

const rows = Array.from({ length: 60 }, (_, i) => ({ question: `What is ${i} + 1?`, target: i + 1 }));
const split = splitRows(rows, undefined);

/** Right of every fourth question; behind chains of its own that say "so", of all. */
const learner = (): ScriptedCompleter =>
  scriptedCompleter(prompt => {
    const a = Number([...prompt.matchAll(/What is (\d+) \+ 1/g)].at(-1)![1]);
    const isRight = a % 4 === 0 || prompt.includes('so it is');
    return ` ${a} and one, so it is. The answer is ${isRight ? a + 1 : 0}.`;
  });

const run = (completer: ScriptedCompleter, more: Partial<OptimizeOptions> = {}) =>
  optimizePrompt(mathFile(), completer, {
    optimizer: 'bootstrap',
    ...split,
    output: join(scratchFolder(), `best-${Math.random()}`),
    trials: 4,
    labelled: 4,
    bootstrapped: 2,
    minibatch: 8,
    ...more,
  });

describe('optimizePrompt', () => {
  it.each(['bootstrap', 'random-search', 'mipro'] as const)('%s finds what helps, and writes it', async optimizer => {
    const { path, best, before, judgement, trials, isCut } = await run(learner(), { optimizer });
    expect(best.accuracy).toBe(1);
    expect(before).toBeLessThan(0.5);
    expect(isCut).toBe(false);
    expect(trials[0].note).toBe('the prompt as it is');
    // 20 rows that the search has not seen.
    expect(judgement!.after.accuracy).toBe(1);
    expect(judgement!.comparison.p).toBeLessThan(0.001);
    const written = readPromptFile(path);
    expect(written.options.examples!.rows!.some(row => String(row.completion).includes('so it is'))).toBe(true);
    const asked = written.prompt.render({ question: 'What is 99 + 1?' }, written.options.examples!.rows);
    expect(asked).toMatch(/and one, so it is\. The answer is \d+\.\n\n[\s\S]*Q: What is 99 \+ 1\?\nA:$/);
  });

  it('labelled rows alone do not help this one: the prompt stays as it was', async () => {
    const { best, judgement } = await run(learner(), { optimizer: 'labelled' });
    expect(best.note).toBe('the prompt as it is');
    expect(judgement!.comparison).toMatchObject({ onlyA: 0, onlyB: 0 });
  });

  it('is the same again, and goes on where it was', async () => {
    const output = join(scratchFolder(), 'again');
    const [first, second] = [learner(), learner()];
    const once = await run(first, { optimizer: 'mipro', output });
    const again = await run(second, { optimizer: 'mipro', output });
    expect(second.requests).toHaveLength(0);
    expect(again.trials).toEqual(once.trials);
    const other = await run(learner(), { optimizer: 'mipro' });
    expect(other.trials.map(({ accuracy }) => accuracy)).toEqual(once.trials.map(({ accuracy }) => accuracy));
    const controller = new AbortController();
    const half = learner();
    const folder = join(scratchFolder(), 'half');
    const stopped = run(half, {
      optimizer: 'mipro',
      output: folder,
      signal: controller.signal,
      onNote: note => note.startsWith('trial 3') && controller.abort(new Error('stopped')),
    });
    await expect(stopped).rejects.toThrow('stopped');
    const rest = learner();
    const whole = await run(rest, { optimizer: 'mipro', output: folder });
    expect(whole.trials.map(({ accuracy }) => accuracy)).toEqual(once.trials.map(({ accuracy }) => accuracy));
    expect(half.requests.length + rest.requests.length).toBeLessThanOrEqual(first.requests.length + 8);
  });

  it('says first what it will cost, and keeps the cap', async () => {
    const notes: string[] = [];
    const free = await run(learner(), { optimizer: 'random-search', onNote: note => notes.push(note) });
    expect(notes[0]).toMatch(/^projection: about \d+ tokens/);
    expect(free.projectedTokens / free.spentTokens).toBeGreaterThan(0.5);
    expect(free.projectedTokens / free.spentTokens).toBeLessThan(2);
    const cap = Math.round(free.spentTokens * 0.6);
    const capped = await run(learner(), { optimizer: 'random-search', maxTokens: cap });
    expect(capped.isCut).toBe(true);
    expect(capped.spentTokens).toBeLessThanOrEqual(cap);
    expect(capped.judgement).toBeDefined();
    expect(capped.trials.length).toBeLessThan(free.trials.length);
    await expect(run(learner(), { maxTokens: 100 })).rejects.toThrow('do not even suffice');
  });

  it('knows every optimiser that the command names', () => {
    expect(Object.keys(SEARCHES)).toEqual(['labelled', 'bootstrap', 'random-search', 'mipro', 'gepa']);
  });
});

describe('splitRows', () => {
  it('has no row twice', () => {
    const all = [...split.train, ...split.validation, ...split.test].map(({ target }) => Number(target));
    expect(all.sort((a, b) => a - b)).toEqual(rows.map(({ target }) => target));
    expect(() => splitRows(rows, [rows[3]])).toThrow('row 1 of the rows for the judgement');
    expect(() => splitRows(rows.slice(0, 9), undefined)).toThrow('9 rows are too few');
  });
});
