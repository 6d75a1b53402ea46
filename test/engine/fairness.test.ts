/** One large request, or one client with many, beside others: counted in steps of the engine, not in time. */
import { describe, expect, it } from 'vitest';
import type { GenerationEvent, GenerationRequest } from '../../src/engine/protocol.ts';
import { scratchFolder } from '../support/scratch.ts';
import { type TinyEngine, tinyEngine } from './tiny-engine.ts';

const folder = scratchFolder();
const tokens = 60;

const request = (text: string, maxTokens = tokens): GenerationRequest => ({
  prompt: { text },
  maxTokens,
  ignoreEos: true,
  sampling: { temperature: 0 },
});

/** Submits in somebody's name; says whether it is done, and what it has written. */
function submit(engine: TinyEngine, asked: GenerationRequest, client: string, id = client) {
  const events: GenerationEvent[] = [];
  engine.submit(
    asked,
    more => events.push(...more),
    error => {
      throw error;
    },
    { client, request: id },
  );
  return {
    get isDone() {
      return events.at(-1)?.type === 'end';
    },
    get starts() {
      return events.filter(({ type }) => type === 'start').length;
    },
    get text() {
      return events.map(event => (event.type === 'text' ? event.text : '')).join('');
    },
  };
}

function stepsUntil(engine: TinyEngine, isDone: () => boolean): number {
  for (let steps = 0; ; steps++) {
    if (isDone()) return steps;
    if (!engine.step()) throw new Error('nothing is left to do');
  }
}

const finish = (engine: TinyEngine): void => void stepsUntilRest(engine);
function stepsUntilRest(engine: TinyEngine): number {
  let steps = 0;
  while (engine.step()) steps++;
  return steps;
}

const texts = (count: number): string[] => Array.from({ length: count }, (_, i) => `text number ${i} of a crowd`);

describe('a small request beside a large one', () => {
  it.each([
    ['of another client', 'small'],
    ['of the same client', 'large'],
  ])('%s gets a place at once, and all texts are as if alone', (_, client) => {
    using engine = tinyEngine(folder, { maxBatch: 4 });
    const large = texts(16).map(text => submit(engine, request(text), 'large', 'one request'));
    for (let i = 0; i < 10; i++) engine.step();
    const small = submit(engine, request('a small one', 5), client, 'another');
    expect(stepsUntil(engine, () => small.isDone)).toBeLessThan(10);
    expect(large.some(({ isDone }) => isDone)).toBe(false);
    finish(engine);
    using alone = tinyEngine(folder, { maxBatch: 1 });
    const expected = alone.answer(...texts(16).map(text => request(text)), request('a small one', 5));
    expect([...large, small].map(({ text }) => text)).toEqual(expected.map(answer => answer.texts[0]));
    expect([...large, small].map(({ starts }) => starts)).toEqual(Array(17).fill(1));
    expect(engine.stats()).toMatchObject({ running: 0, queued: 0, cacheUsedTokens: 0 });
  });

  it('does not wait for long prompts to be read', () => {
    using engine = tinyEngine(folder, { maxBatch: 8, maxPromptTokens: 16 });
    for (const text of texts(8)) submit(engine, request(text.padEnd(120, text), 30), 'large');
    engine.step();
    const small = submit(engine, request('abc', 3), 'small');
    expect(stepsUntil(engine, () => small.isDone)).toBeLessThan(8);
  });

  it('takes pages from those that have more than their share', () => {
    using engine = tinyEngine(folder, { maxBatch: 8, memory: 200_000 });
    expect(engine.budget!.pages).toBeLessThan(16); // three texts of this length
    const large = texts(8).map(text => submit(engine, request(text, 100), 'large'));
    for (let i = 0; i < 80; i++) engine.step();
    const small = submit(engine, request('abc', 3), 'small');
    expect(stepsUntil(engine, () => small.isDone)).toBeLessThan(10);
    finish(engine);
    expect(large.every(({ isDone }) => isDone)).toBe(true);
  });

  it('beams too', () => {
    using engine = tinyEngine(folder);
    const beams = (text: string, maxTokens: number): GenerationRequest => ({
      ...request(text, maxTokens),
      sampling: {},
      beams: 2,
    });
    const large = texts(12).map(text => submit(engine, beams(text, 10), 'large'));
    engine.step();
    const small = submit(engine, beams('abc', 3), 'small');
    stepsUntil(engine, () => small.isDone);
    expect(large.filter(({ isDone }) => isDone).length).toBeLessThanOrEqual(4);
    finish(engine);
  });
});

describe('many requests', () => {
  it('take turns where there are more of them than places', () => {
    using engine = tinyEngine(folder, { maxBatch: 2 });
    const long = texts(2).map((text, i) => submit(engine, request(text, 120), 'one', `long ${i}`));
    engine.step();
    const late = submit(engine, request('abc', 3), 'one', 'late');
    expect(stepsUntil(engine, () => late.isDone)).toBeLessThan(80);
    expect(long.some(({ isDone }) => isDone)).toBe(false);
    finish(engine);
  });

  it('of one client leave half of the batch to another one', () => {
    using engine = tinyEngine(folder, { maxBatch: 4 });
    const many = texts(12).map((text, i) => submit(engine, request(text), 'many', `${i}`));
    engine.step();
    const few = texts(2).map((text, i) => submit(engine, request(text), 'few', `${i}`));
    stepsUntil(engine, () => few.every(({ isDone }) => isDone));
    expect(many.filter(({ isDone }) => isDone).length).toBeLessThanOrEqual(2);
    finish(engine);
  });

  it('fill the queue for those who sent them alone', () => {
    using engine = tinyEngine(folder, { maxBatch: 1, maxQueue: 4 });
    for (const [i, text] of texts(4).entries()) submit(engine, request(text, 3), 'many', `${i}`);
    expect(() => submit(engine, request('x', 3), 'many')).toThrow(expect.objectContaining({ code: 'TSLM_OVERLOADED' }));
    const other = submit(engine, request('abc', 3), 'other');
    finish(engine);
    expect(other.isDone).toBe(true);
  });
});
