/** Thoughts told apart from answers, and ended in time. */
import { describe, expect, it } from 'vitest';
import type { GenerationRequest } from '../../src/engine/protocol.ts';
import { generateThinking, type ThinkingEvent } from '../../src/engine/thinking.ts';
import { thinkingTagsOf } from '../../src/engine/thinking-tags.ts';
import { fakeEngine, textOfPrompt } from '../serve/fake-engine.ts';

const tags = { open: '<think>', close: '</think>' };

async function run(
  says: (request: GenerationRequest, index: number) => string,
  request: Partial<GenerationRequest> = {},
  budget?: number,
) {
  const engine = fakeEngine({ says });
  const events: ThinkingEvent[] = [];
  const asked = { prompt: { text: 'Why?<think>' }, ...request };
  for await (const event of generateThinking(engine, asked, { ...tags, budget })) events.push(event);
  const join = (type: 'thought' | 'text', index: number): string =>
    events.map(event => (event.type === type && event.index === index ? event.text : '')).join('');
  return { engine, events, thought: join('thought', 0), text: join('text', 0), join };
}

/** Thinks in front of the close tag, answers behind it. */
const thinker = (request: GenerationRequest): string =>
  textOfPrompt(request.prompt).includes('</think>') ? 'Because.' : 'hm, so.</think>ignored';

describe('generateThinking', () => {
  it('tells thoughts and answer apart, and counts both', async () => {
    const { engine, events, thought, text } = await run(thinker, { sampling: { seed: 4 }, stop: ['so'] });
    expect([thought, text]).toEqual(['hm, so.', 'Because.']);
    // What ends an answer does not end a thought.
    expect(engine.requests.map(({ stop }) => stop)).toEqual([['</think>'], ['so']]);
    expect(textOfPrompt(engine.requests[1].prompt)).toBe('Why?<think>hm, so.\n</think>\n\n');
    expect(engine.requests[1].sampling).toEqual({ seed: 5 });
    expect(events.filter(({ type }) => type === 'start')).toHaveLength(1);
    expect(events.slice(-3)).toEqual([
      { type: 'finish', index: 0, reason: 'stop', stop: undefined },
      { type: 'thoughtTokens', tokens: 7 },
      { type: 'end', promptTokens: 11, cachedTokens: 0, completionTokens: 15 },
    ]);
  });

  it('ends thoughts that are too long, to the token', async () => {
    const endless = (request: GenerationRequest): string =>
      textOfPrompt(request.prompt).includes('</think>') ? 'Because.' : 'la'.repeat(500);
    const { thought, text, events } = await run(endless, {}, 5);
    expect([thought, text]).toEqual(['lalal', 'Because.']);
    expect(events.at(-2)).toEqual({ type: 'thoughtTokens', tokens: 5 });
    const none = await run(endless, {}, 0);
    expect([none.thought, none.text]).toEqual(['', 'Because.']);
    expect(textOfPrompt(none.engine.requests[0].prompt)).toBe('Why?<think></think>\n\n');
    const unopened = await run(endless, { prompt: { text: 'Why?' } }, 0);
    expect(textOfPrompt(unopened.engine.requests[0].prompt)).toBe('Why?<think>\n\n</think>\n\n');
  });

  it('keeps the limit of tokens for both together', async () => {
    const { thought, text, events } = await run(thinker, { maxTokens: 10 });
    expect([thought, text]).toEqual(['hm, so.', 'Bec']);
    expect(events.find(({ type }) => type === 'finish')).toMatchObject({ reason: 'length' });
    const short = await run(thinker, { maxTokens: 3 });
    expect([short.thought, short.text]).toEqual(['hm,', '']);
    expect(short.events.find(({ type }) => type === 'finish')).toMatchObject({ reason: 'length' });
  });

  it('finds thoughts that the model begins itself, and answers without any', async () => {
    const prompt = { text: 'Why?' };
    const own = await run(
      request => (textOfPrompt(request.prompt).includes('</think>') ? 'Yes.' : '<think>\nhm</think>'),
      { prompt },
    );
    expect([own.thought, own.text]).toEqual(['hm', 'Yes.']);
    const none = await run(() => '<thin ice', { prompt });
    expect([none.thought, none.text]).toEqual(['', '<thin ice']);
    expect(none.engine.requests).toHaveLength(1);
    const long = await run(({ prompt }) => (textOfPrompt(prompt) === 'Why?' ? 'abcdefgh' : 'defgh'), { prompt }, 3);
    expect(long.text).toBe('abcdefgh');
    const short = await run(() => '<th', { prompt });
    expect(short.text).toBe('<th');
  });

  it('holds the answer to its form, and not the thoughts', async () => {
    const constraint = { kind: 'json' as const };
    const { engine } = await run(thinker, { constraint });
    expect(engine.requests.map(request => request.constraint)).toEqual([undefined, constraint]);
  });

  it('thinks about several texts side by side', async () => {
    const { join } = await run(
      (request, i) =>
        textOfPrompt(request.prompt).includes('</think>')
          ? textOfPrompt(request.prompt).includes('a1')
            ? 'B'
            : 'A'
          : `a${i}</think>`,
      { n: 2 },
    );
    expect([join('thought', 0), join('text', 0), join('thought', 1), join('text', 1)]).toEqual(['a0', 'A', 'a1', 'B']);
  });
});

it('templates tell whether their models think', () => {
  expect(thinkingTagsOf("{{ '<think>' }}{{ '</think>' }}")).toEqual(tags);
  expect(thinkingTagsOf([{ name: 'default', template: '</think>' }])).toEqual(tags);
  expect(thinkingTagsOf('{{ messages }}')).toBeUndefined();
  expect(thinkingTagsOf(undefined)).toBeUndefined();
});
