/** The same interface over a server, a local model, and a file of answers. */
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createModel, saveModel } from '../../../src/models/auto.ts';
import { cachedCompleter } from '../../../src/prompt/completers/cached.ts';
import { openLocalCompleter } from '../../../src/prompt/completers/local.ts';
import { scriptedCompleter } from '../../../src/prompt/completers/scripted.ts';
import { openServedCompleter } from '../../../src/prompt/completers/served.ts';
import { byteTokenizer } from '../../data/helpers.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { solve, sum } from '../problems.ts';
import { openAiServer } from './openai-server.ts';

describe('a server', () => {
  it('is asked for texts and for turns of a conversation', async () => {
    await using server = await openAiServer((_, i) => ` The answer is ${5 - i}. Q: more`);
    await using completer = await openServedCompleter({ baseUrl: `${server.baseUrl}/` });
    const problem = sum({ generation: { stop: ['Q:', 'A:', 'b', 'c', ' is'] } });
    const plain = await completer.complete({ prompt: 'Q', prefill: ' A', n: 2, maxTokens: 9, seed: 3, stop: [' Q:'] });
    expect(plain.completions.map(({ text }) => text)).toEqual([' The answer is 5.', ' The answer is 4.']);
    expect(server.requests[0]).toMatchObject({
      model: 'scripted',
      prompt: 'Q A',
      n: 2,
      max_tokens: 9,
      seed: 3,
      stop: [' Q:'],
    });
    // Only four stop texts are allowed; the fifth is cut at here.
    const cut = await solve('direct', completer, { problem });
    expect(server.requests[1].stop).toHaveLength(4);
    expect(cut.chains[0].text).toBe(' The answer');
    const chat = await solve('self-consistency', completer, { problem: sum({ chat: true }), options: { samples: 3 } });
    expect(chat.votes.map(({ answer }) => answer)).toEqual(['5', '4', '3']);
    expect(server.requests[2].messages).toEqual([{ role: 'user', content: 'Q: What is 2 + 3?\nA:' }]);
    const thought = await solve('chain-of-thought', completer, {
      problem: sum({ chat: true }),
      options: { mode: 'zero-shot' },
    });
    expect(server.requests[3]).toMatchObject({
      continue_final_message: true,
      messages: [{ role: 'user' }, { role: 'assistant', content: "Let's think step by step." }],
    });
    expect(thought.tokens.requests).toBe(2);
  });

  it('tells how probable continuations are where it gives prompts back', async () => {
    await using server = await openAiServer(
      () => '',
      word => (word === ' yes' ? -0.5 : word === ' no' ? -2 : -1),
    );
    await using completer = await openServedCompleter({ baseUrl: server.baseUrl });
    const scores = await completer.score!('Ist es 🌊? Answer:', [' yes', ' no', ' a b']);
    expect(scores).toEqual([
      { logProb: -0.5, tokens: 1 },
      { logProb: -2, tokens: 1 },
      { logProb: -2, tokens: 2 },
    ]);
    expect(server.requests[0]).toMatchObject({ prompt: 'Ist es 🌊? Answer: yes', echo: true, max_tokens: 1 });
    await using silent = await openAiServer(() => 'text');
    await using other = await openServedCompleter({ baseUrl: silent.baseUrl });
    await expect(other.score!('a', [' b'])).rejects.toThrow('does not tell how probable');
    await expect(other.score!([{ role: 'user', content: 'a' }], [' b'])).rejects.toThrow('turns of a conversation');
  });

  it('is tried again when it is busy, and its refusals are told', async () => {
    let times = 0;
    await using server = await openAiServer(() => (++times < 3 ? 503 : 'ok'));
    await using completer = await openServedCompleter({ baseUrl: server.baseUrl, pause: 1 });
    expect((await completer.complete({ prompt: 'a' })).completions[0].text).toBe('ok');
    await using refusing = await openAiServer(() => 400);
    await using other = await openServedCompleter({ baseUrl: refusing.baseUrl, pause: 1 });
    await expect(other.complete({ prompt: 'a' })).rejects.toThrow('the server refuses: 400');
    await expect(openServedCompleter({ baseUrl: 'http://127.0.0.1:9/v1', pause: 1 })).rejects.toThrow(
      'does not answer',
    );
  });
});

describe('a file of answers', () => {
  it('is asked first, by request and seed', async () => {
    const path = join(scratchFolder(), 'cache', 'answers.jsonl');
    const completer = scriptedCompleter((_, index) => ` The answer is ${index}.`);
    const run = (seed: number) => solve('direct', cachedCompleter(completer, path), { seed });
    const first = await run(1);
    appendFileSync(path, '["half a li');
    const again = await run(1);
    expect(again.answer).toEqual(first.answer);
    expect(again.tokens.computed).toBe(0);
    expect(completer.requests).toHaveLength(1);
    await run(2);
    expect(completer.requests).toHaveLength(2);
    expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(3);
  });
});

describe('a local model', () => {
  const folder = join(scratchFolder(), 'tiny');
  mkdirSync(folder);
  byteTokenizer(folder);
  const model = createModel(
    'gpt2',
    { layers: 1, hidden: 32, heads: 2, context: 512, vocabSize: 257 },
    { seed: 1, eosTokenId: 256 },
  );
  saveModel(folder, model);
  model.dispose();

  it('reads a prompt once for all its texts', async () => {
    await using completer = await openLocalCompleter(folder, { dtype: 'float32' });
    const prompt = 'x'.repeat(100);
    const request = { prompt, n: 16, maxTokens: 5, temperature: 1, seed: 1 };
    const { completions, promptTokens, computedTokens } = await completer.complete(request);
    expect(promptTokens).toBe(100);
    expect(completions).toHaveLength(16);
    const written = completions.reduce((total, { tokens }) => total + tokens, 0);
    expect(new Set(completions.map(({ text }) => text)).size).toBeGreaterThan(8);
    // Three pages of 32 tokens are shared; each of the other 15 reads the last 4.
    expect(computedTokens).toBe(100 + 15 * 4 + written);
    for (const { logProb, tokens } of completions) expect(logProb! / tokens).toBeLessThan(-1);
    expect((await completer.complete(request)).completions.map(({ text }) => text)).toEqual(
      completions.map(({ text }) => text),
    );
  });

  it('scores what it wrote as it wrote it, embeds, counts', async () => {
    await using completer = await openLocalCompleter(folder, { dtype: 'float32' });
    const { completions } = await completer.complete({
      prompt: 'abc',
      maxTokens: 6,
      constraint: { kind: 'regex', pattern: '[a-z]{6}' },
    });
    expect(completions[0].text).toMatch(/^[a-z]{6}$/);
    const [score] = await completer.score!('abc', [completions[0].text]);
    expect(score.tokens).toBe(6);
    // What the constraint forbids has no share in what is drawn, and has in what is scored.
    expect(score.logProb).toBeLessThan(0);
    const [free] = (await completer.complete({ prompt: 'abc', maxTokens: 1 })).completions;
    if (free.tokens === 1 && /^[\x20-\x7e]$/.test(free.text)) {
      expect((await completer.score!('abc', [free.text]))[0].logProb).toBeCloseTo(free.logProb!, 3);
    }
    expect(await completer.countTokens!('abc')).toBe(3);
    expect((await completer.embed!(['a', 'b']))[0]).toHaveLength(32);
    await expect(completer.complete({ prompt: [{ role: 'user', content: 'a' }] })).rejects.toThrow(
      'has no chat template',
    );
  });

  it('stops within a step when it is cancelled', async () => {
    await using completer = await openLocalCompleter(folder, { dtype: 'float32' });
    const controller = new AbortController();
    const running = completer.complete(
      {
        prompt: 'abc',
        maxTokens: 400,
        n: 4,
        temperature: 1,
        seed: 2,
        constraint: { kind: 'regex', pattern: '[a-z]{400}' },
      },
      { signal: controller.signal, onText: () => controller.abort(new Error('enough')) },
    );
    await expect(running).rejects.toThrow('enough');
  });

  it('knows its key', async () => {
    await using a = await openLocalCompleter(folder);
    expect(a.name).toMatch(/tiny [0-9a-f]{64}$/);
  });
});
