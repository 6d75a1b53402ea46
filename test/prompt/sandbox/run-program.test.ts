/** Programs of a model: what they compute, and all that they cannot do. */
import { describe, expect, it } from 'vitest';
import { runProgram } from '../../../src/prompt/sandbox/run-program.ts';

describe('runProgram', () => {
  it('gives what is called answer, else the last value, and what was printed', async () => {
    expect(await runProgram('const answer = [1, 2].map(x => 2 * x)')).toEqual({ ok: true, value: [2, 4], output: '' });
    expect(await runProgram('print("a", 1); console.log({b: 2}.b); 6 * 7')).toEqual({
      ok: true,
      value: 42,
      output: 'a 1\n2\n',
    });
  });

  it('tells of errors', async () => {
    expect(await runProgram('1 +')).toMatchObject({ ok: false, error: expect.stringMatching(/^SyntaxError/) });
    expect(await runProgram('throw new Error("no")')).toMatchObject({ ok: false, error: 'Error: no' });
    expect(await runProgram('throw 3')).toMatchObject({ ok: false, error: '3' });
  });

  it('ends what takes too long', async () => {
    expect(await runProgram('for (;;) {}', { time: 30 })).toMatchObject({
      ok: false,
      error: 'it took more than 30 ms',
    });
  });

  it('ends what takes too much memory or stack, and works on', async () => {
    const greedy = 'const all = []; for (;;) all.push(new Array(1000).fill(1));';
    expect((await runProgram(greedy, { memory: 2 ** 21, time: 5000 })).ok).toBe(false);
    expect((await runProgram('(function f() { f(); })()')).ok).toBe(false);
    expect(await runProgram('1 + 1')).toMatchObject({ ok: true, value: 2 });
  });

  it('has no files, network, clock, chance, nor the process', async () => {
    for (const name of ['process', 'require', 'fetch', 'globalThis.constructor.constructor("return process")()']) {
      expect((await runProgram(`const answer = ${name}`)).ok, name).toBe(false);
    }
    expect(await runProgram('import("node:fs"); typeof Date')).toMatchObject({ value: 'undefined' });
    const [a, b] = [await runProgram('Math.random()'), await runProgram('Math.random()')];
    expect(a).toEqual(b);
  });
});
