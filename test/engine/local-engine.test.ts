/** What a model in its engine does with requests: the same as `generate`, whatever else goes on. */
import { describe, expect, it } from 'vitest';
import type { GenerationEvent, GenerationRequest, TokenInfo } from '../../src/engine/protocol.ts';
import { resolveGenerationConfig } from '../../src/generate/config/generation-config.ts';
import { generate } from '../../src/generate/generate.ts';
import { scoreTokens } from '../../src/generate/scoring/score-tokens.ts';
import { createRandom } from '../../src/support/random.ts';
import { memoryStats } from '../../src/torch/index.ts';
import { hasProducts } from '../../src/torch/products.ts';
import { scratchFolder } from '../support/scratch.ts';
import { CONTEXT, tinyEngine, tinyModel } from './tiny-engine.ts';

const scratch = scratchFolder();
const random = createRandom(3);
const text = (length: number): string =>
  Array.from({ length }, () => String.fromCharCode(97 + random.below(26))).join('');
const greedy = { temperature: 0 } as const;
const request = (prompt: string, more: Partial<GenerationRequest> = {}): GenerationRequest => ({
  prompt: { text: prompt },
  maxTokens: 24,
  sampling: greedy,
  ignoreEos: true,
  logprobs: 0,
  ...more,
});
const idsOf = ({ tokens }: { tokens: { id: number }[][] }): number[][] => tokens.map(row => row.map(({ id }) => id));
const last = (events: readonly GenerationEvent[]): GenerationEvent => events.at(-1)!;

/** The same tokens and probabilities: to the last bit in bfloat16 by products of ours, else but for rounding. */
function expectSame(actual: TokenInfo[][], expected: TokenInfo[][]): void {
  if (hasProducts()) {
    expect(actual).toEqual(expected);
    return;
  }
  expect(idsOf({ tokens: actual })).toEqual(idsOf({ tokens: expected }));
  const logprobs = expected.flat().map(({ logprob }) => logprob!);
  for (const [i, { logprob }] of actual.flat().entries()) expect(logprob).toBeCloseTo(logprobs[i], 3);
}

describe('an engine', () => {
  // Another order of sums is another text soon where numbers have eight bits.
  it.each(
    hasProducts() ? (['float32', 'bfloat16'] as const) : (['float32'] as const),
  )('%s: writes what generate writes', dtype => {
    const model = tinyModel(dtype);
    using engine = tinyEngine(scratch, {}, model);
    for (const length of [1, 5, 40]) {
      const prompt = text(length);
      const [answer] = engine.answer(request(prompt));
      const config = resolveGenerationConfig({ maxNewTokens: 24 });
      const expected = [...generate(model, [[...Buffer.from(prompt)]], config)].map(([{ id }]) => id);
      expect(idsOf(answer)).toEqual([expected]);
      expect(last(answer.events)).toMatchObject({
        type: 'end',
        promptTokens: length,
        cachedTokens: 0,
        completionTokens: 24,
      });
    }
  });

  const crowdOf = (sampling: (i: number) => GenerationRequest['sampling']): GenerationRequest[] =>
    Array.from({ length: 40 }, (_, i) =>
      request(text(1 + ((i * 13) % 100)), { maxTokens: 4 + ((i * 7) % 40), sampling: sampling(i) }),
    );

  it.runIf(hasProducts())('a text alone and among 40 others of all lengths is the same to the last bit', () => {
    const requests = crowdOf(i => (i % 3 === 0 ? { seed: i } : greedy));
    using crowd = tinyEngine(scratch, { maxBatch: 9, maxPromptTokens: 50 });
    using single = tinyEngine(scratch);
    const together = crowd.answer(...requests);
    for (const [i, wanted] of requests.entries()) {
      expect(together[i].tokens).toEqual(single.answer(wanted)[0].tokens);
      expect(together[i].tokens[0]).toHaveLength(wanted.maxTokens!);
    }
    expect(crowd.stats()).toMatchObject({ running: 0, queued: 0, cacheUsedTokens: 0 });
  });

  it('float32: a text alone and among 40 others is the same but for rounding', () => {
    const requests = crowdOf(() => greedy);
    using crowd = tinyEngine(scratch, { maxBatch: 9, maxPromptTokens: 50 }, tinyModel('float32'));
    using single = tinyEngine(scratch, {}, tinyModel('float32'));
    const together = crowd.answer(...requests);
    for (const [i, wanted] of requests.entries()) {
      const [[actual], [expected]] = [together[i].tokens, single.answer(wanted)[0].tokens];
      expect(actual).toHaveLength(wanted.maxTokens!);
      // They may part where two tokens are the most probable: up to there and there, the probabilities are the same.
      const parting = actual.findIndex(({ id }, at) => id !== expected[at].id);
      const same = parting < 0 ? actual.length : parting + 1;
      for (let at = 0; at < same; at++) expect(actual[at].logprob).toBeCloseTo(expected[at].logprob!, 3);
    }
  });

  it('writes no more than there is room for, whatever is asked', () => {
    using engine = tinyEngine(scratch);
    const [answer] = engine.answer(request(text(150), { maxTokens: 65_536 }));
    expect(answer.error).toBeUndefined();
    expect(answer.tokens[0]).toHaveLength(CONTEXT - 150);
    expect(answer.events.find(({ type }) => type === 'finish')).toMatchObject({ reason: 'length' });
  });

  it('draws the most probable token alone with topP 0', () => {
    using engine = tinyEngine(scratch, {}, tinyModel('float32')); // in bfloat16 two may be equal
    const prompt = text(20);
    const [drawn, chosen] = engine.answer(
      request(prompt, { sampling: { topP: 0, temperature: 2 } }),
      request(prompt, { sampling: { topK: 1, temperature: 2 } }), // greedy texts may end in parts of characters
    );
    expect(idsOf(drawn)).toEqual(idsOf(chosen));
  });

  it('short of pages, lets the youngest wait and writes the same', () => {
    const requests = Array.from({ length: 6 }, (_, i) => request(text(60 + i), { maxTokens: 70 }));
    using ample = tinyEngine(scratch);
    const model = tinyModel();
    using tight = tinyEngine(scratch, { memory: 2 * 2 * 2 * 32 * 32 * 2 * 9 }, model); // nine pages of 32
    expect(tight.budget!.pages).toBe(9);
    const answers = tight.answer(...requests);
    const stats = tight.stats();
    expect(answers.map(idsOf)).toEqual(ample.answer(...requests).map(idsOf));
    expect(stats.steps).toBeGreaterThan(6 * 20);
  });

  it('reads a beginning that it knows from the cache', () => {
    using engine = tinyEngine(scratch);
    const beginning = text(70);
    const [first] = engine.answer(request(`${beginning} and`));
    const [second] = engine.answer(request(`${beginning} but`));
    expect(last(first.events)).toMatchObject({ cachedTokens: 0, cacheWriteTokens: 64 });
    expect(last(second.events)).toMatchObject({ cachedTokens: 64, cacheWriteTokens: 0, promptTokens: 74 });
    using fresh = tinyEngine(scratch);
    expectSame(second.tokens, fresh.answer(request(`${beginning} but`))[0].tokens);
    // And what it wrote itself, as the next turn of a conversation has it.
    const turn = [...Buffer.from(`${beginning} and`), ...idsOf(first)[0], 65];
    const [third] = engine.answer(request('', { prompt: { ids: turn } }));
    expect(last(third.events)).toMatchObject({ cachedTokens: 96 });
  });

  it('draws several texts after a prompt that is read once, each from its own seed', () => {
    using engine = tinyEngine(scratch);
    const prompt = text(50);
    const [three] = engine.answer(request(prompt, { n: 3, sampling: { seed: 4 } }));
    expect(new Set(three.texts).size).toBe(3);
    for (const [i, ids] of idsOf(three).entries()) {
      const [alone] = engine.answer(request(prompt, { sampling: { seed: 4 + i } }));
      expect(idsOf(alone)[0]).toEqual(ids);
    }
    expect(three.events.filter(({ type }) => type === 'finish')).toHaveLength(3);
    expect(engine.answer(request(prompt, { n: 2 }))[0].texts).toHaveLength(2);
  });

  it('bestOf returns the most probable of the texts', () => {
    using engine = tinyEngine(scratch);
    const prompt = text(10);
    const [all] = engine.answer(request(prompt, { n: 4, sampling: { seed: 1 } }));
    const [best] = engine.answer(request(prompt, { n: 2, bestOf: 4, sampling: { seed: 1 } }));
    const mean = (row: { logprob: number | null }[]): number => row.reduce((sum, { logprob }) => sum + logprob!, 0);
    const ranked = all.tokens.toSorted((a, b) => mean(b) - mean(a));
    expect(best.tokens).toEqual(ranked.slice(0, 2));
    expect(last(best.events)).toMatchObject({ completionTokens: 96 });
  });

  it('reports log-probabilities of the prompt as scoreTokens does, and writes nothing with maxTokens 0', () => {
    const model = tinyModel('float32');
    using engine = tinyEngine(scratch, {}, model);
    const prompt = text(100);
    const [answer] = engine.answer(request(prompt, { maxTokens: 0, promptLogprobs: 2 }));
    const [start, finish, end] = answer.events;
    if (start.type !== 'start') throw new Error('no start');
    const expected = scoreTokens(model, [[...Buffer.from(prompt)]]);
    const logprobs = start.prompt!.map(({ logprob }) => logprob);
    expect(logprobs[0]).toBeNull();
    expect(logprobs).toHaveLength(100);
    expect(start.prompt!.map(({ text }) => text).join('')).toBe(prompt);
    for (const [i, value] of logprobs.slice(1).entries()) expect(value).toBeCloseTo(expected[0][i].logProb, 4);
    expect(start.prompt![5].top).toHaveLength(2);
    expect(start.prompt![5].top![0].logprob).toBeGreaterThanOrEqual(start.prompt![5].top![1].logprob);
    expect(finish).toEqual({ type: 'finish', index: 0, reason: 'length' });
    expect(end).toMatchObject({ completionTokens: 0 });
  });

  it('ends at a stop string that it never shows, and at the end of the sequence', () => {
    using engine = tinyEngine(scratch);
    const prompt = text(20);
    const [free] = engine.answer(request(prompt));
    const stop = free.texts[0].slice(8, 11);
    const [stopped] = engine.answer(request(prompt, { stop: [stop] }));
    expect(stopped.texts[0]).toBe(free.texts[0].slice(0, free.texts[0].indexOf(stop)));
    expect(stopped.events.at(-2)).toEqual({ type: 'finish', index: 0, reason: 'stop', stop });
    const id = idsOf(free)[0][6];
    const [ended] = engine.answer(request(prompt, { stopTokenIds: [id] }));
    expect(idsOf(ended)[0]).toEqual(idsOf(free)[0].slice(0, idsOf(free)[0].indexOf(id)));
    expect(ended.events.at(-2)).toMatchObject({ type: 'finish', reason: 'stop' });
  });

  it('beams are those of generate', () => {
    const model = tinyModel();
    using engine = tinyEngine(scratch, {}, model);
    const prompt = text(8);
    const [answer] = engine.answer(request(prompt, { beams: 4, n: 2, sampling: undefined }));
    const config = resolveGenerationConfig({ maxNewTokens: 24, numBeams: 4, numReturnSequences: 2 });
    const expected: number[][] = [[], []];
    for (const tokens of generate(model, [[...Buffer.from(prompt)]], config)) {
      for (const { row, id } of tokens) expected[row].push(id);
    }
    expect(idsOf(answer)).toEqual(expected);
    expect(engine.stats()).toMatchObject({ running: 0, completionTokens: 48 });
  });

  it('holds a text to a constraint, and fails only the one that cannot go on', () => {
    using engine = tinyEngine(scratch);
    const constraint = { kind: 'regex', pattern: '(ab|cd){3}' } as const;
    const [held, other] = engine.answer(request('x', { constraint, ignoreEos: false }), request('y'));
    expect(held.texts[0]).toMatch(/^(ab|cd){3}$/);
    expect(other.texts[0].length).toBeGreaterThan(0);
    const infinite = { seed: 1, logitBias: { 5: 1e39 } };
    const [failed, fine] = engine.answer(request('x', { sampling: infinite }), request('y'));
    expect(failed.error).toMatchObject({ code: 'TSLM_NAN_LOGITS' });
    expectSame(fine.tokens, other.tokens);
    expect(engine.stats()).toMatchObject({ running: 0, cacheUsedTokens: 0 });
  });

  it('stops within a step of being told, and gives everything back', () => {
    using engine = tinyEngine(scratch);
    const seen: GenerationEvent[] = [];
    const cancel = engine.submit(
      request('x', { maxTokens: 100 }),
      events => seen.push(...events),
      () => {},
    );
    for (let i = 0; i < 5; i++) engine.step();
    expect(engine.stats().running).toBe(1);
    const count = seen.length;
    cancel();
    engine.step();
    expect(seen).toHaveLength(count);
    expect(engine.stats()).toMatchObject({ running: 0, queued: 0, cacheUsedTokens: 0 });
    const cancelBeams = engine.submit(
      request('x', { beams: 3 }),
      () => {},
      () => {},
    );
    engine.step();
    cancelBeams();
    engine.step();
    expect(engine.step()).toBe(false);
  });

  it.each([
    [request(''), 'TSLM_EMPTY_PROMPT'],
    [request('', { prompt: { ids: [3, 900] } }), 'TSLM_BAD_TOKEN'],
    [request('x'.repeat(CONTEXT)), 'TSLM_TOO_LONG'],
    [request('x', { minTokens: CONTEXT }), 'TSLM_TOO_LONG'],
    [request('x', { prompt: { messages: [{ role: 'user', content: 'x' }] } }), 'TSLM_CHAT_TEMPLATE'],
    [request('x', { beams: 2, promptLogprobs: 0 }), 'TSLM_NOT_ABLE'],
    [request('x', { beams: 2, logprobs: 1 }), 'TSLM_CONTRADICTION'],
    [request('x', { beams: 2, bestOf: 3 }), 'TSLM_CONTRADICTION'],
  ])('refuses %j: %s', (bad, code) => {
    using engine = tinyEngine(scratch);
    expect(() =>
      engine.submit(
        bad,
        () => {},
        () => {},
      ),
    ).toThrow(expect.objectContaining({ code }));
    expect(engine.step()).toBe(false);
  });

  it('refuses what does not fit in its queue', () => {
    using engine = tinyEngine(scratch, { maxQueue: 2 });
    const submit = (): unknown =>
      engine.submit(
        request('x'),
        () => {},
        () => {},
      );
    submit();
    submit();
    expect(submit).toThrow(expect.objectContaining({ code: 'TSLM_OVERLOADED' }));
  });

  it('memory is flat, and all of it is given back', () => {
    const model = tinyModel();
    const before = memoryStats().liveBytes;
    const run = (): number => {
      using engine = tinyEngine(scratch, {}, model);
      const after: number[] = [];
      for (let i = 0; i < 3; i++) {
        engine.answer(...Array.from({ length: 8 }, () => request(text(30), { beams: i === 1 ? 2 : undefined })));
        after.push(memoryStats().liveBytes);
      }
      expect(after[2]).toBe(after[0]);
      return after[0];
    };
    expect(run()).toBeGreaterThan(before);
    expect(memoryStats().liveBytes).toBe(before);
  });
});
