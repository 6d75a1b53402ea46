/** The scheduler with a model that shows every page that is not whose it should be. */
import { describe, expect, it } from 'vitest';
import type { GenerationEvent } from '../../src/engine/protocol.ts';
import { continuationOf, type FakeRequest, type FakeScheduler, fakeJob, fakeScheduler } from './fake-model.ts';

const prompt = (length: number, first = 0): number[] => Array.from({ length }, (_, i) => (first + i * 7) % 90);
const textOf = (ids: readonly number[]): string => String.fromCharCode(...ids);

function submit(scheduler: FakeScheduler, request: FakeRequest) {
  const events: GenerationEvent[] = [];
  scheduler.add(fakeJob({ ...request, onEvents: more => events.push(...more) }));
  return {
    events,
    text: (index = 0) =>
      events.map(event => (event.type === 'text' && event.index === index ? event.text : '')).join(''),
  };
}

describe('texts of many requests', () => {
  it.each([
    ['with room for all', { pages: 64, maxBatch: 8 }],
    ['in few places', { pages: 64, maxBatch: 2 }],
    ['in few pages', { pages: 9, maxBatch: 8 }],
    ['read in short stretches', { pages: 64, maxBatch: 8, maxPromptTokens: 3 }],
  ])('are as if each were alone, %s', (_, limits) => {
    const scheduler = fakeScheduler(limits);
    const prompts = [3, 9, 1, 14, 6, 9].map((length, i) => prompt(length, i % 5));
    const answers = prompts.map((ids, i) =>
      submit(scheduler, { ids, maxTokens: 12, owner: { client: `${i % 2}`, request: `${i}` } }),
    );
    scheduler.finish();
    expect(scheduler.errors).toEqual([]);
    expect(answers.map(({ text }) => text())).toEqual(prompts.map(ids => textOf(continuationOf(ids, 12))));
    expect(scheduler).toMatchObject({ queued: 0, running: 0, usedTokens: 0 });
    expect(scheduler.counts.completionTokens).toBe(6 * 12);
    expect(scheduler.counts.promptTokens).toBe(3 + 9 + 1 + 14 + 6 + 9);
  });

  it('read a beginning that is known no second time', () => {
    const scheduler = fakeScheduler();
    submit(scheduler, { ids: prompt(11), maxTokens: 2 });
    scheduler.finish();
    const read = scheduler.model.steps.flat().length;
    const again = submit(scheduler, { ids: prompt(11), maxTokens: 2 });
    scheduler.finish();
    const inputs = scheduler.model.steps.flat().slice(read);
    expect(inputs.map(({ past, ids }) => [past, ids.length])).toEqual([
      [8, 3],
      [11, 1],
    ]);
    expect(again.events[0]).toEqual({ type: 'start', promptTokens: 11, cachedTokens: 8 });
    expect(again.text()).toBe(textOf(continuationOf(prompt(11), 2)));
  });

  it('of one prompt read it once', () => {
    const scheduler = fakeScheduler();
    // All logits but one are the same: a temperature near 0 draws what is most probable.
    const options = { doSample: true, temperature: 0.01 };
    const answer = submit(scheduler, { ids: prompt(9), n: 3, maxTokens: 4, options });
    scheduler.finish();
    for (const index of [0, 1, 2]) expect(answer.text(index)).toBe(textOf(continuationOf(prompt(9), 4)));
    expect(scheduler.model.steps.flat().filter(({ ids }) => ids.length > 1)).toHaveLength(1);
    expect(answer.events.at(-1)).toMatchObject({ type: 'end', completionTokens: 12 });
  });
});

describe('a prompt whose tokens are scored', () => {
  it.each([16, 3])('has a score for each, read in stretches of %i', maxPromptTokens => {
    const scheduler = fakeScheduler({ maxPromptTokens });
    const ids = [...prompt(3), ...continuationOf(prompt(3), 5)];
    const { events } = submit(scheduler, { ids, promptLogprobs: 1, maxTokens: 0 });
    scheduler.finish();
    const [start] = events;
    if (start.type !== 'start') throw new Error('the first event says what was read');
    expect(start.prompt!.map(({ id }) => id)).toEqual(ids);
    expect(start.prompt![0].logprob).toBeNull();
    // What the model itself would write is the most probable.
    for (const { id, top } of start.prompt!.slice(3)) expect(top![0].id).toBe(id);
    expect(events.slice(1)).toMatchObject([
      { type: 'finish', reason: 'length' },
      { type: 'end', completionTokens: 0 },
    ]);
  });
});

describe('a text that cannot go on', () => {
  it('leaves the others as they are', () => {
    const scheduler = fakeScheduler();
    submit(scheduler, {
      ids: prompt(5),
      maxTokens: 3,
      options: { suppressTokens: Array.from({ length: 257 }, (_, i) => i) },
    });
    const good = submit(scheduler, { ids: prompt(6), maxTokens: 3 });
    scheduler.finish();
    expect(scheduler.errors).toMatchObject([{ code: 'TSLM_NO_ALLOWED_TOKEN' }]);
    expect(good.text()).toBe(textOf(continuationOf(prompt(6), 3)));
    expect(scheduler).toMatchObject({ queued: 0, running: 0, usedTokens: 0 });
  });
});
