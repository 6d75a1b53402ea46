/** Models and adapters that come and go, by name. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createModelPool } from '../../src/engine/model-pool.ts';
import type { Engine, GenerationRequest } from '../../src/engine/protocol.ts';
import { createAdapter, saveAdapter } from '../../src/models/adapters/index.ts';
import { createModel, saveModel } from '../../src/models/auto.ts';
import { noGrad, randn, withSeed } from '../../src/torch/index.ts';
import { byteTokenizer } from '../data/helpers.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();
const [one, two, lora, other] = ['one', 'two', 'lora', 'other'].map(name => join(scratch, name));
for (const [i, folder] of [one, two].entries()) {
  mkdirSync(folder);
  byteTokenizer(folder);
  const sizes = { layers: 1, hidden: 32, heads: 2, context: 96, vocabSize: 257 };
  const model = createModel('gpt2', sizes, { seed: i + 1, eosTokenId: 256 });
  saveModel(folder, model);
  if (i === 0) {
    const adapter = createAdapter(
      model,
      {
        peft_type: 'LORA',
        r: 4,
        lora_alpha: 64,
        target_modules: ['c_attn', 'c_proj'],
        base_model_name_or_path: one,
      },
      { seed: 1 },
    );
    withSeed(3, () => noGrad(() => adapter.parameters().forEach(p => void p.copy_(randn(p.shape)))));
    saveAdapter(lora, adapter);
    withSeed(4, () => noGrad(() => adapter.parameters().forEach(p => void p.copy_(randn(p.shape)))));
    saveAdapter(other, adapter);
    adapter.dispose();
  }
  model.dispose();
}

const request: GenerationRequest = {
  prompt: { text: 'abc' },
  maxTokens: 60,
  ignoreEos: true,
  sampling: { temperature: 0 },
  logprobs: 0,
};

async function idsOf(engine: Engine, adapter?: string): Promise<number[]> {
  const ids: number[] = [];
  for await (const event of engine.generate({ ...request, adapter })) {
    if (event.type === 'text') ids.push(...(event.tokens ?? []).map(({ id }) => id));
  }
  return ids;
}

describe('a pool of models', () => {
  const pools: { close(): Promise<void> }[] = [];
  const open = (...options: Parameters<typeof createModelPool>): ReturnType<typeof createModelPool> => {
    const pool = createModelPool(...options);
    pools.push(pool);
    return pool;
  };
  afterAll(() => Promise.all(pools.map(pool => pool.close())));

  it('has what was asked for at the start, and says when', async () => {
    const notes: string[] = [];
    const pool = open({
      models: [{ path: one }, { path: two, name: 'second' }],
      adapters: [{ path: lora, name: 'tuned' }],
      onNote: note => notes.push(note),
    });
    expect(pool.isReady).toBe(false);
    await pool.start();
    expect(pool.isReady).toBe(true);
    expect(pool.list().map(({ id, parent }) => [id, parent])).toEqual([
      ['one', undefined],
      ['second', undefined],
      ['tuned', 'one'],
    ]);
    expect(notes.join('\n')).toMatch(/^one: keys and values of/);
    const { engine, adapter } = pool.find('tuned');
    expect(adapter).toBe('tuned');
    expect(engine).toBe(pool.find('one').engine);
  });

  it('answers for a model and its adapter at the same time, each as if alone', async () => {
    const pool = open({ models: [{ path: one }], adapters: [{ path: lora, name: 'tuned' }] });
    await pool.start();
    const { engine } = pool.find('one');
    const [plain, tuned] = [await idsOf(engine), await idsOf(engine, 'tuned')];
    expect(tuned).not.toEqual(plain);
    const together = await Promise.all([undefined, 'tuned', undefined, 'tuned'].map(adapter => idsOf(engine, adapter)));
    expect(together).toEqual([plain, tuned, plain, tuned]);
  });

  it('loads and unloads while it works', async () => {
    const pool = open({ models: [{ path: one }] });
    await pool.start();
    expect(await pool.load({ path: two })).toMatchObject({ id: 'two' });
    expect(await pool.load({ path: lora, name: 'tuned', parent: 'one' })).toMatchObject({ parent: 'one', path: lora });
    await expect(pool.load({ path: two })).rejects.toMatchObject({ code: 'TSLM_NAME_TAKEN' });
    await expect(pool.load({ path: lora, name: 'more', parent: 'tuned' })).rejects.toMatchObject({
      code: 'TSLM_NOT_ABLE',
    });
    await pool.unload('tuned');
    expect(() => pool.find('tuned')).toThrow(expect.objectContaining({ code: 'TSLM_MODEL_NOT_FOUND' }));
    await expect(idsOf(pool.find('one').engine, 'tuned')).rejects.toMatchObject({ code: 'TSLM_MODEL_NOT_FOUND' });
    await pool.load({ path: lora, name: 'tuned', parent: 'one' });
    const { engine } = pool.find('one');
    const [cut, whole] = [idsOf(engine, 'tuned'), idsOf(engine)];
    const failed = expect(cut).rejects.toMatchObject({ code: 'TSLM_MODEL_NOT_FOUND' });
    await pool.unload('tuned');
    await failed;
    expect(await whole).toHaveLength(60);
    await pool.unload('one');
    expect(pool.list().map(({ id }) => id)).toEqual(['two']);
    await expect(pool.unload('one')).rejects.toMatchObject({ code: 'TSLM_MODEL_NOT_FOUND' });
  });

  it('finds in the cache what an adapter of this content has read, and not what one of its name had', async () => {
    const pool = open({ models: [{ path: one }] });
    await pool.start();
    const long: GenerationRequest = { ...request, prompt: { text: 'a text that is longer than a page of the cache' } };
    const said = async (): Promise<{ ids: number[]; cached: number }> => {
      const { engine, adapter } = pool.find('tuned');
      const [ids, cached]: [number[], number[]] = [[], []];
      for await (const event of engine.generate({ ...long, maxTokens: 20, adapter })) {
        if (event.type === 'text') ids.push(...event.tokens!.map(({ id }) => id));
        if (event.type === 'start') cached.push(event.cachedTokens);
      }
      return { ids, cached: cached[0] };
    };
    await pool.load({ path: lora, name: 'tuned', parent: 'one' });
    const before = await said();
    await pool.unload('tuned');
    await pool.load({ path: other, name: 'tuned', parent: 'one' });
    const after = await said();
    expect(after.cached).toBe(0);
    expect(after.ids).not.toEqual(before.ids);
    await pool.unload('tuned');
    await pool.load({ path: lora, name: 'tuned', parent: 'one' });
    const again = await said();
    expect(again.ids).toEqual(before.ids);
    expect(again.cached).toBeGreaterThan(0);
  });

  it('replaces what answers, and keeps the one before for who holds it', async () => {
    const pool = open({ models: [{ path: one, name: 'it' }] });
    await pool.start();
    const before = pool.find('it');
    const release = before.hold();
    const { card, drained } = await pool.replace('it', lora);
    expect(card.fingerprint).not.toBe(before.card.fingerprint);
    const tuned = pool.find('it');
    const [plain, changed] = [await idsOf(before.engine, before.adapter), await idsOf(tuned.engine, tuned.adapter)];
    expect(changed).not.toEqual(plain);
    release();
    await drained;
    const hold = tuned.hold();
    const back = await pool.replace('it', one);
    expect(await idsOf(tuned.engine, tuned.adapter)).toEqual(changed);
    hold();
    await back.drained;
    expect(await idsOf(pool.find('it').engine)).toEqual(plain);
    await expect(idsOf(tuned.engine, tuned.adapter)).rejects.toMatchObject({ code: 'TSLM_MODEL_NOT_FOUND' });
    // Another model altogether.
    const end = await pool.replace('it', two);
    await end.drained;
    expect(await idsOf(pool.find('it').engine)).not.toEqual(plain);
    expect(pool.states()).toEqual([{ id: 'it', isUp: true, restarts: 0 }]);
    await expect(pool.replace('it', join(scratch, 'none'))).rejects.toMatchObject({ code: 'TSLM_NO_MODEL' });
    expect(pool.list().map(({ id }) => id)).toEqual(['it']);
  });

  it('closes what is still being loaded', async () => {
    const pool = open({ models: [{ path: one }, { path: two }] });
    const refused = expect(pool.start()).rejects.toMatchObject({ code: 'TSLM_CLOSED' });
    await pool.close();
    await refused;
    expect(pool.list()).toEqual([]);
  });

  it('says what is wrong with what it was given', async () => {
    const pool = open({ models: [{ path: join(scratch, 'none') }] });
    await expect(pool.start()).rejects.toMatchObject({ code: 'TSLM_NO_MODEL' });
    expect(pool.isReady).toBe(false);
  });
});
