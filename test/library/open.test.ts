/** A model in a worker as programs have it: texts, streams, objects, vectors, ends. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createIndex } from '../../src/library/create-index.ts';
import { open } from '../../src/library/open.ts';
import { scratchFolder } from '../support/scratch.ts';
import { taskModels } from '../tasks/model-folders.ts';

const models = join(scratchFolder(), 'models');
mkdirSync(models);
taskModels(models);
const writer = await open(join(models, 'writer'));
const vectors = await open(join(models, 'vectors'));
afterAll(async () => {
  await writer.dispose();
  await vectors.dispose();
});

describe('texts', () => {
  it('one prompt gives one text, many give as many in their order', async () => {
    const options = { maxTokens: 6, temperature: 0 };
    const one = await writer.text('abc', options);
    expect(typeof one).toBe('string');
    expect(await writer.text(['abc', 'xyz', 'abc'], options)).toMatchObject({ 0: one, 2: one, length: 3 });
    expect(await writer.generate('abc', options)).toMatchObject({ text: one, promptTokens: 3 });
    expect(await writer.text([])).toEqual([]);
  });

  it('a conversation goes through the chat template', async () => {
    const { promptTokens } = await writer.generate([{ role: 'user', content: 'abc' }], { maxTokens: 2 });
    expect(promptTokens).toBeGreaterThan(3);
  });

  it('a seed makes a text the same again, without one it is another', async () => {
    const drawn = { maxTokens: 12, temperature: 1, regex: '[a-z]{12}' };
    expect(await writer.text('a', { ...drawn, seed: 3 })).toBe(await writer.text('a', { ...drawn, seed: 3 }));
    expect(await writer.text('a', drawn)).not.toBe(await writer.text('a', drawn));
  });

  it('names an option that there is not', async () => {
    const options = { maxNewTokens: 5 } as object;
    await expect(writer.text('a', options)).rejects.toMatchObject({
      code: 'TSLM_UNKNOWN_KEY',
      hint: "did you mean 'maxTokens'?",
    });
  });
});

describe('streams', () => {
  it('have the pieces of the text, and what it came to', async () => {
    const stream = writer.stream('abc', { maxTokens: 8, temperature: 0 });
    expect(await stream.started).toMatchObject({ promptTokens: 3 });
    let text = '';
    for await (const piece of stream) text += piece;
    expect(await stream.result).toMatchObject({ text, completionTokens: expect.any(Number) });
    expect(await new Response(writer.stream('abc', { maxTokens: 8, temperature: 0 }).toReadable()).text()).toBe(text);
  });

  it('tell of a request that is refused before any text', async () => {
    const stream = writer.stream('abc'.repeat(200));
    await expect(stream.started).rejects.toMatchObject({ code: 'TSLM_TOO_LONG' });
    await expect(new Response(stream.toReadable()).text()).rejects.toMatchObject({ code: 'TSLM_TOO_LONG' });
  });

  it('end with the signal, and with whoever stops reading', async () => {
    const stop = new AbortController();
    const stream = writer.stream('abc', { maxTokens: 200, regex: '[a-z]{200}', signal: stop.signal });
    const read = async (): Promise<void> => {
      for await (const _ of stream) stop.abort(new Error('enough'));
    };
    await expect(read()).rejects.toThrow('enough');
    const left = writer.stream('abc', { maxTokens: 200, regex: '[a-z]{200}' });
    for await (const _ of left) break;
    await expect(left.result).rejects.toThrow('not read to its end');
  });
});

describe('objects', () => {
  const Person = z.object({ name: z.string(), age: z.int().min(0), tags: z.array(z.string()) });

  it('are whole and typed, whatever the budget', async () => {
    for (const maxTokens of [60, 100, 200]) {
      const { value, text } = await writer.object('Ann, 34', { schema: Person, maxTokens, seed: maxTokens });
      const age: number = value.age;
      expect(Number.isInteger(age)).toBe(true);
      expect(JSON.parse(text)).toEqual(value);
      expect(Object.keys(value).sort()).toEqual(['age', 'name', 'tags']);
    }
  });

  it('take transformations and JSON Schemas, and many prompts', async () => {
    const Upper = z.object({ word: z.string().transform(word => [word]) });
    const objects = await writer.object(['a', 'b'], { schema: Upper, maxTokens: 40, seed: 1 });
    for (const { value } of objects) expect(Array.isArray(value.word)).toBe(true);
    const schema = {
      type: 'object',
      properties: { ok: { type: 'boolean' } },
      required: ['ok'],
      additionalProperties: false,
    };
    expect((await writer.object('a', { schema, maxTokens: 40 })).value).toEqual({ ok: expect.any(Boolean) });
  });

  it('say what cannot be kept', async () => {
    await expect(writer.object('a', { schema: Person, maxTokens: 5 })).rejects.toMatchObject({
      code: 'TSLM_TOO_SHORT',
    });
    const Never = z.object({ ok: z.boolean() }).refine(() => false, 'never right');
    await expect(writer.object('a', { schema: Never, maxTokens: 40 })).rejects.toThrow(/never right/);
    await expect(writer.object('a', { schema: z.object({ at: z.date() }) })).rejects.toMatchObject({
      code: 'TSLM_BAD_SCHEMA',
    });
    const old = { _def: {} } as unknown as z.ZodType;
    await expect(writer.object('a', { schema: old })).rejects.toThrow(/zod 3/);
  });
});

describe('an index', () => {
  it('finds the text that is the query, and tells how far it is', async () => {
    const seen: number[] = [];
    const texts = ['the cat', 'a dog sat', 'Lee met Ann', 'the mat'];
    const index = await createIndex(vectors, texts, { batchSize: 3, onProgress: done => seen.push(done) });
    expect(seen).toEqual([3, 4]);
    const [first, second] = await index.search('Lee met Ann', 2);
    expect(first).toMatchObject({ text: 'Lee met Ann', index: 2 });
    expect(first.score).toBeCloseTo(1, 4);
    expect(second.score).toBeLessThanOrEqual(first.score);
    await index.add(['the end']);
    expect(index.size).toBe(5);
  });

  it('takes whole numbers of texts at once', async () => {
    await expect(createIndex(writer, ['a'], { batchSize: 0 })).rejects.toMatchObject({ code: 'TSLM_BAD_VALUE' });
  });
});

it('one vector for a text, as many for many', async () => {
  expect(await vectors.embed('the cat')).toBeInstanceOf(Float32Array);
  expect(await vectors.embed(['the cat', 'a dog'])).toHaveLength(2);
});
