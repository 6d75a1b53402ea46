/** Reflection with models whose ways are known: a student that follows rules, and a teacher that finds one rule at a time. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ScriptedCompleter, scriptedCompleter } from '../../../src/prompt/completers/scripted.ts';
import { instructionIn } from '../../../src/prompt/optimize/gepa.ts';
import { type OptimizeOptions, optimizePrompt } from '../../../src/prompt/optimize/optimize.ts';
import { drawFromFront, paretoCounts } from '../../../src/prompt/optimize/pareto.ts';
import { splitRows } from '../../../src/prompt/optimize/split-rows.ts';
import { readPromptFile } from '../../../src/prompt/program/prompt-file.ts';
import { createRandom } from '../../../src/support/random.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { mathFile } from '../problems.ts';

describe('the Pareto front', () => {
  it('keeps who is the best on some row, and not who is served by others', () => {
    // The second is the best on row 2 alone, the third nowhere alone: rows 0 and 1 have the first, row 2 the second.
    expect(
      paretoCounts([
        [1, 1, 0],
        [0, 0, 1],
        [0, 1, 0],
      ]),
    ).toEqual([2, 1, 0]);
    // Of equals the earlier stays.
    expect(
      paretoCounts([
        [1, 0],
        [1, 0],
      ]),
    ).toEqual([2, 0]);
    expect(paretoCounts([[0, 0, 0]])).toEqual([3]);
    const random = createRandom(5);
    const drawn = Array.from({ length: 300 }, () =>
      drawFromFront(
        [
          [1, 1, 0],
          [0, 0, 1],
          [0, 1, 0],
        ],
        random,
      ),
    );
    expect(drawn).not.toContain(2);
    // Two rows against one.
    expect(drawn.filter(i => i === 0).length).toBeGreaterThan(160);
    expect(drawn.filter(i => i === 1).length).toBeGreaterThan(60);
  });
});

describe('instructionIn', () => {
  it.each([
    ['So:\n```\nAdd one.\n```\nDone.', 'Add one.'],
    ['```text\nAdd one.\n```', 'Add one.'],
    ['```\nCut off', 'Cut off'],
    ['  Add one. ', 'Add one.'],
    ['```\n```', ''],
  ])('%j', (text, instruction) => {
    expect(instructionIn(text)).toBe(instruction);
  });
});

const KINDS = ['sum', 'double', 'square'] as const;
const rows = Array.from({ length: 72 }, (_, i) => {
  const kind = KINDS[i % 3];
  return { question: `What is the ${kind} of ${i}?`, target: kind === 'sum' ? i : kind === 'double' ? 2 * i : i * i };
});
const split = splitRows(rows, undefined);

/** Right of sums, and of what a rule in the instruction is about. */
const student = (): ScriptedCompleter =>
  scriptedCompleter(prompt => {
    const [, kind, number] = [...prompt.matchAll(/What is the (\w+) of (\d+)\?/g)].at(-1)!;
    const { target } = rows[Number(number)];
    const isRight = kind === 'sum' || prompt.includes(`rule of ${kind}`);
    return ` The answer is ${isRight ? target : -1}.`;
  });

/** Adds the rule of the first example that went wrong to the instruction that it was shown. */
const teacher = (): ScriptedCompleter =>
  scriptedCompleter(asked => {
    const [, own] = /instruction:\n```\n([\s\S]*?)\n```/.exec(asked)!;
    const wrong = asked.split('# Example').find(part => part.includes('Wrong: its answer is -1; the right one is'));
    const kind = /What is the (\w+) of/.exec(wrong ?? '')?.[1];
    return `The assistant does not know this.\n\`\`\`\n${own} rule of ${kind}\n\`\`\``;
  });

const run = (own: ScriptedCompleter, reflector: ScriptedCompleter, more: Partial<OptimizeOptions> = {}) =>
  optimizePrompt(mathFile({ instruction: 'Answer.\n\n', generation: { maxTokens: 8 } }), own, {
    optimizer: 'gepa',
    reflector,
    ...split,
    output: join(scratchFolder(), `gepa-${Math.random()}`),
    trials: 8,
    ...more,
  });

describe('gepa', () => {
  it('learns rule after rule, and keeps what was learnt', async () => {
    const reflector = teacher();
    const notes: string[] = [];
    const found = await run(student(), reflector, { onNote: note => notes.push(note) });
    expect(found.before).toBeCloseTo(1 / 3, 1);
    expect(found.best.accuracy).toBe(1);
    expect(found.best.instruction).toContain('rule of double');
    expect(found.best.instruction).toContain('rule of square');
    expect(found.best.note).toMatch(/^reflection \d on trial \d: \d → \d of 3$/);
    expect(found.judgement!.after.accuracy).toBe(1);
    expect(found.judgement!.comparison.p).toBeLessThan(0.001);
    const written = readPromptFile(found.path);
    expect(written.options.instruction).toMatch(/^Answer\. rule of [\s\S]*\n\n$/);
    // A reflection sees what was asked, answered and meant.
    const [{ prompt }] = reflector.requests;
    const text = JSON.stringify(prompt);
    expect(text).toContain('An assistant was given this instruction');
    expect(text).toMatch(/What is the (double|square) of \d+\?/);
    expect(text).toContain('Wrong: its answer is -1; the right one is');
    // What was written is kept with the trials.
    const trials = JSON.parse(readFileSync(join(found.path, '..', 'trials.json'), 'utf8')) as { instruction: string }[];
    expect(trials.map(({ instruction }) => instruction)).toContain(found.best.instruction);
  });

  it('leaves an instruction that does no better', async () => {
    const notes: string[] = [];
    const useless = scriptedCompleter(() => '```\nTry harder.\n```');
    const found = await run(student(), useless, { onNote: note => notes.push(note), trials: 4 });
    expect(found.trials).toHaveLength(1);
    expect(found.best.note).toBe('the prompt as it is');
    expect(notes.filter(note => note.endsWith(', left')).length).toBeGreaterThan(0);
    const silent = await run(
      student(),
      scriptedCompleter(() => '```\n```'),
      { trials: 4 },
    );
    expect(silent.trials).toHaveLength(1);
  });

  it('goes on where it was, and asks nothing twice', async () => {
    const output = join(scratchFolder(), 'gepa-again');
    const controller = new AbortController();
    const [first, reflector] = [student(), teacher()];
    const stopped = run(first, reflector, {
      output,
      signal: controller.signal,
      onNote: note => note.startsWith('trial 2') && controller.abort(new Error('stopped')),
    });
    await expect(stopped).rejects.toThrow('stopped');
    const asked = reflector.requests.length;
    expect(asked).toBeGreaterThan(0);
    const [rest, again] = [student(), teacher()];
    const whole = await run(rest, again, { output });
    const other = await run(student(), teacher());
    expect(whole.trials.map(({ note, accuracy }) => [note, accuracy])).toEqual(
      other.trials.map(({ note, accuracy }) => [note, accuracy]),
    );
    const third = [student(), teacher()] as const;
    await run(...third, { output });
    expect(third.map(({ requests }) => requests.length)).toEqual([0, 0]);
    expect(again.requests.length).toBeLessThan(other.trials.length + 8);
  });

  it('keeps the cap, with the reflections in it', async () => {
    const free = await run(student(), teacher());
    const cap = Math.round(free.spentTokens * 0.75);
    const own = student();
    const capped = await run(own, teacher(), { maxTokens: cap });
    expect(capped.isCut).toBe(true);
    expect(capped.spentTokens).toBeLessThanOrEqual(cap);
    expect(capped.judgement).toBeDefined();
  });

  it('takes a model that reflects', async () => {
    const asked = optimizePrompt(mathFile(), student(), {
      optimizer: 'gepa',
      ...split,
      output: join(scratchFolder(), 'gepa-none'),
    });
    await expect(asked).rejects.toThrow('gepa takes a capable model');
  });
});
