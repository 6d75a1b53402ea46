/** A model in a thread of its own: answers, ends, errors. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { openEngine } from '../../src/engine/open-engine.ts';
import type { GenerationEvent, GenerationRequest } from '../../src/engine/protocol.ts';
import { type FromTextWorker, ITEMS_A_MESSAGE, type ToTextWorker } from '../../src/engine/text-thread.ts';
import { createModel, saveModel } from '../../src/models/auto.ts';
import { startWorker } from '../../src/support/workers.ts';
import { byteTokenizer } from '../data/helpers.ts';
import { itLong } from '../helpers/long.ts';
import { scratchFolder } from '../support/scratch.ts';

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

const request = (more: Partial<GenerationRequest> = {}): GenerationRequest => ({
  prompt: { text: 'abc' },
  maxTokens: 10,
  ignoreEos: true,
  sampling: { temperature: 0 },
  ...more,
});

async function collect(events: AsyncIterable<GenerationEvent>): Promise<GenerationEvent[]> {
  const all: GenerationEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** A program that asks a model and does not close it. */
async function runProgram(body: string): Promise<string> {
  const file = join(scratchFolder(), 'program.mjs');
  const engine = pathToFileURL('dist/engine/open-engine.js').href;
  const aiSdk = pathToFileURL('dist/ai-sdk/index.js').href;
  writeFileSync(
    file,
    `import { openEngine } from '${engine}';\nimport { createTslm } from '${aiSdk}';\nconst folder = ${JSON.stringify(folder)};\n${body}`,
  );
  return (await promisify(execFile)(process.execPath, [file], { timeout: 40_000 })).stdout;
}

describe('openEngine', () => {
  itLong('lets a program end when nothing more is asked, and not before', async () => {
    const prompt = `[{ role: 'user', content: [{ type: 'text', text: 'abc' }] }]`;
    const asks = `tslm(folder).doGenerate({ prompt: ${prompt}, maxOutputTokens: 200 })`;
    // The text may be empty: which token is likeliest in a random model is a matter of rounding.
    const told = 'console.log(usage.outputTokens.total > 0)';
    expect(await runProgram(`const tslm = createTslm();\nconst { usage } = await ${asks};\n${told};`)).toBe('true\n');
    expect(await runProgram(`const tslm = createTslm();\n${asks}.then(({ usage }) => ${told});`)).toBe('true\n');
    const left = `const engine = await openEngine(folder);
      const events = engine.generate({ prompt: { text: 'abc' }, maxTokens: 20 });
      console.log((await events.next()).value.type);
      await engine.stats();
      for (let i = 0; i < 2000; i++) await new Promise(setImmediate);`;
    expect(await runProgram(left)).toBe('start\n'); // a stream that was written to its end, and is not read to it
  });

  it('says what the model is and what its cache may take', async () => {
    await using engine = await openEngine(folder, { maxBatch: 2, memory: 1e7 });
    expect(engine.card).toMatchObject({
      id: 'tiny',
      modelType: 'gpt2',
      architecture: 'decoder',
      contextLength: 512,
      vocabularySize: 257,
      path: folder,
    });
    expect(engine.card.abilities).toContain('generate');
    expect(engine.notes.join()).toMatch(/keys and values of 1,088 tokens in/);
    expect(await engine.call('tokenize', { prompt: { text: 'hi' } })).toEqual({ ids: [104, 105], tokens: ['h', 'i'] });
    expect(await engine.call('detokenize', { ids: [104, 105] })).toEqual({ text: 'hi' });
    expect((await engine.call('embed', { inputs: ['a', 'bc'] })).vectors.map(({ length }) => length)).toEqual([32, 32]);
  });

  it('answers many at once, and is at rest afterwards', async () => {
    await using engine = await openEngine(folder);
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) => collect(engine.generate(request({ maxTokens: 5 + i })))),
    );
    for (const [i, events] of answers.entries()) {
      expect(events[0]).toMatchObject({ type: 'start', promptTokens: 3 });
      expect(events.at(-1)).toMatchObject({ type: 'end', completionTokens: 5 + i });
    }
    expect(await engine.stats()).toMatchObject({ running: 0, queued: 0, cacheUsedTokens: 0 });
  });

  it('stops for a signal, and for a reader who leaves', async () => {
    await using engine = await openEngine(folder);
    const abort = new AbortController();
    const events: GenerationEvent[] = [];
    const reading = (async () => {
      for await (const event of engine.generate(request({ maxTokens: 500 }), abort.signal)) {
        events.push(event);
        if (events.length === 3) abort.abort(new Error('gone'));
      }
    })();
    await expect(reading).rejects.toThrow('gone');
    for await (const event of engine.generate(request({ maxTokens: 500 }))) if (event.type === 'text') break;
    await vi.waitFor(
      async () => expect(await engine.stats()).toMatchObject({ running: 0, cacheUsedTokens: 0 }),
      30_000,
    );
    expect((await engine.stats()).completionTokens).toBeLessThan(1000);
    await expect(collect(engine.generate(request(), AbortSignal.abort(new Error('late'))))).rejects.toThrow('late');
  });

  it('passes errors on with their codes', async () => {
    await using engine = await openEngine(folder);
    await expect(collect(engine.generate(request({ prompt: { text: '' } })))).rejects.toMatchObject({
      code: 'TSLM_EMPTY_PROMPT',
    });
    await expect(engine.call('fillMask', { input: 'x' })).rejects.toMatchObject({ name: 'UserError' });
    await expect(engine.loadAdapter('a', join(folder, 'none'))).rejects.toMatchObject({ name: 'UserError' });
    await expect(collect(engine.generate(request({ adapter: 'a' })))).rejects.toMatchObject({
      code: 'TSLM_MODEL_NOT_FOUND',
    });
    await expect(openEngine(folder, { memory: 1000 })).rejects.toMatchObject({ code: 'TSLM_NO_MEMORY' });
    await expect(openEngine(join(folder, 'none'))).rejects.toMatchObject({ code: 'TSLM_NO_MODEL' });
  });

  it('cuts no text unless it is told to', async () => {
    await using engine = await openEngine(folder);
    const [one, other] = ['first end', 'quite another'].map(end => 'word '.repeat(200) + end);
    for (const asked of [
      engine.call('embed', { inputs: ['short', one] }),
      engine.call('rerank', { query: 'a', documents: [one] }),
    ]) {
      await expect(asked).rejects.toMatchObject({
        code: 'TSLM_TOO_LONG',
        message: expect.stringMatching(/^input 2 has \d+ tokens, and the model reads 512$/),
      });
    }
    const { vectors, tokens } = await engine.call('embed', { inputs: [one, other], truncate: true });
    expect(tokens).toBe(1024);
    // Two rows of a batch: in float32 alike but for rounding.
    expect([...vectors[0]]).toEqual([...vectors[1]].map(x => expect.closeTo(x, 5)));
  });

  it('closing ends what is under way, and refuses what comes after', async () => {
    const engine = await openEngine(folder);
    const reading = collect(engine.generate(request({ maxTokens: 500 })));
    const failed = expect(reading).rejects.toMatchObject({ code: 'TSLM_CLOSED' });
    await engine.close();
    await failed;
    await expect(engine.stats()).rejects.toMatchObject({ code: 'TSLM_CLOSED' });
    await engine.close();
  });
});

describe('long texts', () => {
  const text = 'ab\n'.repeat(100_000);

  it('become tokens and text beside the model, which answers others meanwhile', async () => {
    await using engine = await openEngine(folder);
    const order: string[] = [];
    const tokenized = engine.call('tokenize', { prompt: { text } }).then(result => {
      order.push('tokens');
      return result;
    });
    await engine.stats();
    order.push('model');
    const { ids, tokens } = await tokenized;
    expect(order).toEqual(['model', 'tokens']);
    const short = await engine.call('tokenize', { prompt: { text: 'ab\n' } });
    expect(ids.length).toBe(100_000 * short.ids.length);
    expect(ids.slice(0, 3)).toEqual(short.ids);
    expect(tokens.slice(-3)).toEqual(short.tokens);
    expect(await engine.call('tokenize', { prompt: { text }, withTokens: false })).toEqual({ ids, tokens: [] });
    expect(await engine.call('detokenize', { ids })).toEqual({ text });
  });

  it('come in parts, each when it is asked for', async () => {
    const worker = startWorker(pathToFileURL('src/engine/text-thread.ts').href, './text-worker', {
      workerData: { folder },
    });
    try {
      const messages: FromTextWorker[] = [];
      worker.on('message', message => messages.push(message));
      const next = async (message: ToTextWorker): Promise<FromTextWorker> => {
        worker.postMessage(message);
        await once(worker, 'message');
        return messages.at(-1)!;
      };
      const first = await next({ name: 'tokenize', input: { prompt: { text }, withTokens: false } });
      expect(first).toMatchObject({ kind: 'part', ids: { length: ITEMS_A_MESSAGE } });
      let asked = 1;
      while ((await next('more')).kind === 'part') expect(messages).toHaveLength(++asked);
      expect(messages.at(-1)).toMatchObject({ kind: 'result', result: { ids: [], tokens: [] } });
    } finally {
      await worker.terminate();
    }
  });

  it('are refused as prompts when the model does not see so much', async () => {
    await using engine = await openEngine(folder);
    await expect(collect(engine.generate(request({ prompt: { text } })))).rejects.toThrow('300000 tokens');
  });

  it('end with their request, and those behind them go on', async () => {
    await using engine = await openEngine(folder);
    const controller = new AbortController();
    const first = engine.call('tokenize', { prompt: { text } }, controller.signal);
    const second = engine.call('tokenize', { prompt: { text }, withTokens: false });
    controller.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    expect((await second).ids.length).toBe(300_000);
  });

  it('fail when the model is closed', async () => {
    const engine = await openEngine(folder);
    const answer = expect(engine.call('tokenize', { prompt: { text } })).rejects.toThrow('closed');
    await engine.close();
    await answer;
  });
});
