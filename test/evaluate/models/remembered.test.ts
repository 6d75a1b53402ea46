/** Answers that are kept: nothing is asked twice, and an interruption costs what was not written. */
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EvaluatedModel } from '../../../src/evaluate/models/evaluated-model.ts';
import { remembered, revisionOf } from '../../../src/evaluate/models/remembered.ts';
import { scratchFolder } from '../../support/scratch.ts';

const folder = scratchFolder();

/** Counts what it is asked; fails at the given request. */
function counting(failAt = Number.POSITIVE_INFINITY): EvaluatedModel & { asked: number } {
  const model = {
    name: 'counting',
    scoring: 'causal' as const,
    asked: 0,
    loglikelihood: async (requests: readonly { continuation: string }[]) =>
      requests.map(({ continuation }) => {
        if (++model.asked >= failAt) throw new Error('power is gone');
        return { logProb: -1 - continuation.length / 3, isGreedy: continuation.length % 2 === 0, tokens: 1 };
      }),
    loglikelihoodRolling: async (texts: readonly string[]) =>
      texts.map(text => ({ logProb: -text.length, tokens: ++model.asked && 1, bytes: text.length })),
    generateUntil: async (requests: readonly unknown[]) => requests.map(() => `draw ${++model.asked}`),
    [Symbol.dispose]() {},
  };
  return model;
}

const requests = Array.from({ length: 5000 }, (_, i) => ({ context: `${i}`, continuation: 'x'.repeat(i % 7) }));

describe('a model whose answers are kept', () => {
  it('is asked once, whoever asks again', async () => {
    const path = join(folder, 'a', 'answers.jsonl');
    const model = counting();
    const first = await remembered(model, path, 'r1').loglikelihood(requests.slice(0, 30));
    const again = await remembered(model, path, 'r1').loglikelihood(requests.slice(0, 40));
    expect(again.slice(0, 30)).toEqual(first);
    expect(model.asked).toBe(40);
    await remembered(model, path, 'r2').loglikelihood(requests.slice(0, 5));
    expect(model.asked).toBe(45);
    const texts = await remembered(model, path, 'r1').loglikelihoodRolling(['a', 'bb']);
    expect(await remembered(model, path, 'r1').loglikelihoodRolling(['a', 'bb'])).toEqual(texts);
    expect(model.asked).toBe(47);
  });

  it('goes on after an interruption with the same results, a half-written line left out', async () => {
    const path = join(folder, 'b.jsonl');
    await expect(remembered(counting(3000), path, 'r').loglikelihood(requests)).rejects.toThrow('power is gone');
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines.length).toBe(2048);
    appendFileSync(path, lines[0].slice(0, 30));
    const rest = counting();
    const all = await remembered(rest, path, 'r').loglikelihood(requests);
    expect(rest.asked).toBe(5000 - 2048);
    expect(all).toEqual(await counting().loglikelihood(requests));
    const none = counting();
    expect(await remembered(none, path, 'r').loglikelihood(requests)).toEqual(all);
    expect(none.asked).toBe(0);
  });

  it('keeps repeats of a draw apart', async () => {
    const path = join(folder, 'c.jsonl');
    const draw = { context: 'a', until: [], maxNewTokens: 3, options: { do_sample: true } };
    const model = counting();
    const drawn = await remembered(model, path, 'r').generateUntil([draw, draw, draw]);
    expect(drawn).toEqual(['draw 1', 'draw 2', 'draw 3']);
    expect(await remembered(model, path, 'r').generateUntil([draw, draw])).toEqual(drawn.slice(0, 2));
    expect(model.asked).toBe(3);
  });

  it('is another one when a file of it changes', async () => {
    const model = 'test/fixtures/tasks/text-classification';
    const before = await revisionOf(model);
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    expect(await revisionOf(model)).toBe(before);
    expect(await revisionOf('test/fixtures/tasks/question-answering')).not.toBe(before);
  });
});
