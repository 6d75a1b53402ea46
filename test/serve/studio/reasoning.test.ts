/** `/studio/api/reason` without a socket: events as they come, results, refusals, and readers that leave. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hono } from 'hono';
import { afterAll, describe, expect, it } from 'vitest';
import type { ApiError, ReasoningEvent, StrategyInfo } from '../../../src/serve/studio/api.ts';
import { createStudio } from '../../../src/serve/studio/studio.ts';
import { type FakeOptions, type FakePool, fakeCard, fakePool } from '../../studio/fake-pool.ts';

const folder = mkdtempSync(join(tmpdir(), 'tslm-reasoning-'));
afterAll(() => rmSync(folder, { recursive: true }));

const sums = (prompt: string, index: number): string =>
  prompt.includes('Can this lead')
    ? prompt.includes('five')
      ? 'sure'
      : 'impossible'
    : index % 3 === 2
      ? ' four\nThe answer is 4.'
      : ' five\nThe answer is 5.';

function open(options: FakeOptions = {}): { app: Hono; pool: FakePool } {
  const pool = fakePool({ say: sums, ...options });
  return { pool, app: createStudio({ pool, assets: join(folder, 'page') }) };
}

const body = (changes: object = {}): object => ({
  model: 'storyteller',
  question: 'Q: What is 2 + 3?\nA:',
  parser: { kind: 'number' },
  strategy: { name: 'self-consistency', samples: 6, batch: 3 },
  target: '5',
  ...changes,
});

const post = (app: Hono, value: object, signal?: AbortSignal) =>
  app.request('/studio/api/reason', { method: 'POST', body: JSON.stringify(value), signal });

async function events(app: Hono, value: object): Promise<ReasoningEvent[]> {
  const response = await post(app, value);
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const text = await response.text();
  return text
    .split('\n\n')
    .filter(Boolean)
    .map(frame => JSON.parse(frame.replace(/^data: /, '')) as ReasoningEvent);
}
type Of<T extends ReasoningEvent['type']> = Extract<ReasoningEvent, { type: T }>;
const only = <T extends ReasoningEvent['type']>(all: readonly ReasoningEvent[], type: T): Of<T>[] =>
  all.filter((event): event is Of<T> => event.type === type);

describe('/studio/api/reason', () => {
  it('tells texts as they grow, chains, votes and cost', async () => {
    const { app, pool } = open();
    const all = await events(app, body());
    // Four of six agree: the leader can be overtaken until the second batch.
    const [result] = only(all, 'result');
    expect(result).toMatchObject({ answer: '5', isRight: true, isCut: false, saved: 0, tokens: { requests: 2 } });
    expect(result.votes).toEqual([
      { answer: '5', count: 4, weight: 4 },
      { answer: '4', count: 2, weight: 2 },
    ]);
    expect(all.at(-1)).toBe(result);
    expect(only(all, 'chain').map(({ chain }) => chain.answer)).toEqual(['5', '5', '4', '5', '5', '4']);
    const grown = only(all, 'text').filter(({ request, index }) => request === 0 && index === 2);
    expect(grown.length).toBeGreaterThan(2);
    expect(grown.map(({ text }) => text).join('')).toBe(' four\nThe answer is 4.');
    expect(only(all, 'written')).toEqual([
      { type: 'written', request: 0 },
      { type: 'written', request: 1 },
    ]);
    const { prompt, n } = pool.asked[0].input as { prompt: { text: string }; n: number };
    expect([prompt.text, n]).toEqual(['Q: What is 2 + 3?\nA:', 3]);
  });

  it('puts an instruction and examples in front, as text or as a conversation', async () => {
    const { app, pool } = open();
    const own = {
      instruction: 'Add.\n',
      examples: [{ question: 'Q: {{ 1 }}\nA:', answer: ' 1.' }],
      strategy: { name: 'direct' },
    };
    await events(app, body(own));
    const text = 'Add.\nQ: {{ 1 }}\nA: 1.\n\nQ: What is 2 + 3?\nA:';
    // What looks like a template is text here.
    expect((pool.asked[0].input as { prompt: { text: string } }).prompt.text).toBe(text);
    await events(app, body({ ...own, chat: true }));
    const { messages } = (pool.asked[1].input as { prompt: { messages: { role: string }[] } }).prompt;
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
  });

  it.each(['tree-of-thoughts', 'monte-carlo-tree-search'])('tells the thoughts of %s', async name => {
    const { app } = open();
    const all = await events(app, body({ strategy: { name, width: 3, depth: 2 }, generation: { stop: ['\n'] } }));
    const thoughts = only(all, 'thought').map(({ node }) => node);
    expect(thoughts.map(({ thought }) => thought.trim())).toContain('five');
    for (const { parent } of thoughts) if (parent !== null) expect(thoughts.some(({ id }) => id === parent)).toBe(true);
    if (name === 'monte-carlo-tree-search') {
      const root = thoughts.filter(({ parent }) => parent === null);
      expect(root.at(-1)!.visits).toBe(16);
    }
  });

  it.each([
    [{ kind: 'after', mark: 'answer is' }, '5', true],
    [{ kind: 'choice', choices: ['four', 'five'] }, 'five', true],
    [{ kind: 'text' }, 'five\nThe answer is 5.', false],
  ])('finds answers by %j', async (parser, answer, isRight) => {
    const { app } = open();
    const target = answer === 'five' ? 'five' : '5';
    const [result] = only(await events(app, body({ parser, target, strategy: { name: 'direct' } })), 'result');
    expect(result).toMatchObject({ answer, isRight });
  });

  it('keeps the budget', async () => {
    const { app } = open();
    const [result] = only(await events(app, body({ budget: 8 })), 'result');
    expect(result.isCut).toBe(true);
    expect(result.tokens.written).toBeLessThanOrEqual(8);
  });

  it('says what cannot be', async () => {
    const { app } = open({
      cards: [
        fakeCard('storyteller'),
        fakeCard('bert', { abilities: ['embed'] }),
        fakeCard('far', { upstream: 'http://x' }),
      ],
    });
    const refused = async (changes: object): Promise<[number, string]> => {
      const response = await post(app, body(changes));
      const { error } = (await response.json()) as ApiError;
      return [response.status, error.message];
    };
    expect(await refused({ model: 'none' })).toEqual([404, "there is no model 'none'"]);
    expect(await refused({ strategy: { name: 'self-consistancy' } })).toEqual([
      400,
      "request: there is no strategy 'self-consistancy'",
    ]);
    expect((await refused({ strategy: { name: 'direct', samples: 2 } }))[0]).toBe(400);
    expect((await refused({ strategy: { name: 'program-of-thought' } }))[1]).toContain('`tslm prompt` alone');
    expect((await refused({ model: 'bert' }))[1]).toContain('does not generate text');
    expect((await refused({ model: 'far' }))[1]).toContain('behind another server');
    expect((await refused({ verifier: 'runs/x' }))[0]).toBe(400);
    // What only the model can say comes as the last event: it has no tokenizer here.
    const all = await events(app, body({ strategy: { name: 'best-of-n' } }));
    expect(all.at(-1)).toMatchObject({ type: 'error', error: { message: expect.stringContaining('cannot tokenize') } });
  });

  it('ends the work when the reader leaves', async () => {
    const { app, pool } = open({ delay: 20 });
    const response = await post(app, body({ strategy: { name: 'self-refine', rounds: 50 } }));
    const reader = response.body!.getReader();
    await reader.read();
    await reader.cancel();
    const asked = pool.asked.length;
    await new Promise(resolve => setTimeout(resolve, 120));
    expect(pool.asked.length).toBe(asked);
  });

  it('lists strategies with what can be chosen of each', async () => {
    const { app } = open();
    const list = (await (await app.request('/studio/api/strategies')).json()) as StrategyInfo[];
    const names = list.map(({ name }) => name);
    expect(names).toContain('tree-of-thoughts');
    for (const name of ['program-of-thought', 'react', 'auto-chain-of-thought']) expect(names).not.toContain(name);
    const { options } = list.find(({ name }) => name === 'self-consistency')!;
    expect(options.samples).toMatchObject({ type: 'integer', default: 16, minimum: 1 });
    expect(options.weight.enum).toEqual(['count', 'probability']);
  });
});
