/** A revision that answers the same requests without being shown. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeRevision } from '../../bench/online/service.ts';
import { openRegistry, type Registry } from '../../src/online/registry/registry.ts';
import { readSettings } from '../../src/online/settings.ts';
import { countFailure, type ShadowFigures, shadowFigures, shadowPairs } from '../../src/online/shadow/compare.ts';
import { watchShadow } from '../../src/online/shadow/watch.ts';
import { type FeedbackStore, openStore } from '../../src/online/store/store.ts';
import { tslm } from '../helpers/cli.ts';
import { type RunningServer, startServer, tinyModelFolder } from '../helpers/server.ts';
import { scratchFolder } from '../support/scratch.ts';
import { filesWith, writeSettings } from './helpers.ts';

const scratch = scratchFolder();
const model = tinyModelFolder(join(scratch, 'tiny'));

/** A folder with a revision in the shadow. */
function service(name: string, shadow = {}): { store: FeedbackStore; registry: Registry; id: string } {
  const folder = join(scratch, name);
  writeSettings(folder, { shadow: { least: 4, ...shadow } });
  const store = openStore(folder);
  const registry = openRegistry(store, model);
  const id = makeRevision(folder, model, 1);
  registry.shadow(id, 'test');
  return { store, registry, id };
}

/** An answer that was shown, and one in the shadow. */
function pair({ store, id: revision }: ReturnType<typeof service>, id: string, shown: string, shadow: string): string {
  const common = { created: 1, model: 'tiny', user: store.keyed.user('u'), prompt: 'p' };
  const choice = (text: string, logprob: number) => [
    { position: 0, text, finish: 'stop', tokenIds: [1, 2], logprobs: [logprob, logprob] },
  ];
  store.addAnswer({ ...common, id, revision: 'fp_0', choices: choice(shown, -1) });
  store.addAnswer({ ...common, id: `${id}-shadow`, revision, shadowOf: id, choices: choice(shadow, -0.5) });
  return id;
}

describe('answers beside each other', () => {
  it('are counted and compared', () => {
    const one = service('figures');
    using store = one.store;
    pair(one, 'a', 'the sea is wide', 'the sea is wide');
    pair(one, 'b', 'it is here', 'it is there');
    const value = { kind: 'correction', correction: 'it is there.' } as const;
    store.addJudgement({ answer: 'b', position: 0, user: 'u', value });
    countFailure(store, one.id, 'TSLM_OVERLOADED');
    countFailure(store, 'another', 'TSLM_OVERLOADED');
    const figures = shadowFigures(store, one.id, [/there/u]);
    expect(figures).toMatchObject({
      revision: one.id,
      compared: 2,
      failed: 1,
      same: 0.5,
      length: { shown: 12.5, shadow: 13 },
      logprob: { shown: -1, shadow: -0.5 },
      forbidden: { shown: 0, shadow: 1 },
      nearer: { shown: 0, shadow: 1 },
    });
    expect(figures.likeness).toBeGreaterThan(0.6);
    expect(figures.likeness).toBeLessThan(1);
    expect(store.counts().answers).toBe(2);
    expect(shadowPairs(store, one.id).map(({ shown }) => shown.id)).toEqual(['a', 'b']);
    // Whoever prefers the one in the shadow says so as of any other two answers.
    const preferred = { kind: 'choice' as const, over: [{ response_id: 'b', choice: 0 }] };
    const { id } = store.addJudgement({ answer: 'b-shadow', position: 0, user: 'u', value: preferred });
    // What is forgotten takes the answer in its shadow along, and what was said of that.
    expect(store.delete({ answer: 'b' })).toMatchObject({ answers: 1, judgements: expect.arrayContaining([id]) });
    expect(store.answer('b-shadow')).toBeUndefined();
    expect(store.delete({ user: 'u' })).toMatchObject({ answers: 1 });
    expect(filesWith(store.folder, 'the sea is wide')).toEqual([]);
  });

  it('end it when it writes what must not be written, where the other did not', () => {
    const one = service('forbidden');
    using store = one.store;
    const forbidden = [/buy now/iu];
    const look = (answer: string) =>
      watchShadow(store, one.registry, readSettings(store.folder), { forbidden, answer });
    pair(one, 'a', 'Buy now', 'buy now');
    expect(look('a-shadow')).toBe('nothing');
    pair(one, 'b', 'no', 'buy now');
    expect(look('b-shadow')).toBe('shadow ended');
    expect(one.registry.alias('shadow')).toBeUndefined();
    expect(store.events(1)[0]).toMatchObject({ kind: 'shadow ended', details: { shadow: one.id } });
  });

  it('end it when requests fail, and let it go on to people else', () => {
    const failing = service('failing');
    using first = failing.store;
    const settings = readSettings(first.folder);
    for (const id of ['a', 'b', 'c']) pair(failing, id, 'x', 'x');
    expect(watchShadow(first, failing.registry, settings, { forbidden: [] })).toBe('nothing');
    countFailure(first, failing.id, 'TSLM_OVERLOADED');
    expect(watchShadow(first, failing.registry, settings, { forbidden: [] })).toBe('shadow ended');

    const going = service('going', { next: 'canary' });
    using second = going.store;
    for (const id of ['a', 'b', 'c', 'd']) pair(going, id, 'x', 'x');
    expect(watchShadow(second, going.registry, readSettings(second.folder), { forbidden: [] })).toBe('challenged');
    expect([going.registry.alias('shadow'), going.registry.alias('challenger')]).toEqual([undefined, going.id]);

    const staying = service('staying');
    using third = staying.store;
    for (const id of ['a', 'b', 'c', 'd']) pair(staying, id, 'x', 'y');
    expect(watchShadow(third, staying.registry, readSettings(third.folder), { forbidden: [] })).toBe('nothing');
    expect(staying.registry.alias('shadow')).toBe(staying.id);
    staying.registry.promote(staying.id, 'test');
    expect(staying.registry.alias('shadow')).toBeUndefined();
  });
});

describe('a server', () => {
  const folder = join(scratch, 'served');
  let server: RunningServer;
  let client: OpenAI;
  beforeAll(async () => {
    writeSettings(folder);
    writeFileSync(join(folder, 'safety.jsonl'), JSON.stringify({ never: 'never ever' }));
    server = await startServer([model, '--learn', folder]);
    client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
  });
  afterAll(() => server.stop());

  const ask = (more: Record<string, unknown> = {}) =>
    client.completions.create({
      model: 'tiny',
      prompt: 'abc: ',
      max_tokens: 4,
      temperature: 0,
      user: 'alice',
      ...more,
    } as OpenAI.CompletionCreateParamsNonStreaming);
  type Answer = ShadowFigures & {
    data: { response_id: string; shadow_id: string; shown: string[]; shadow: string[] }[];
  };
  const shadow = () => client.get<Answer>('/feedback/shadow');

  it('lets it answer what is kept, beside what is shown', async () => {
    expect(await shadow()).toEqual({ object: 'shadow', revision: null, data: [] });
    const id = makeRevision(folder, model, 1);
    const started = await tslm(['shadow', folder, '--start', id]);
    expect(started.stdout).toBe(`${id} answers in the shadow\n`);
    await expect.poll(async () => (await shadow()).revision, { timeout: 20_000 }).toBe(id);
    const kept = await ask({ store: true });
    await ask(); // not kept, and not answered twice
    await expect.poll(async () => (await shadow()).compared, { timeout: 20_000 }).toBe(1);
    const { data, same, failed } = await shadow();
    expect(data).toEqual([
      {
        response_id: kept.id,
        shadow_id: `${kept.id}-shadow`,
        prompt: 'abc: ',
        shown: [kept.choices[0].text],
        shadow: [expect.not.stringMatching(/^$/)],
      },
    ]);
    expect(data[0].shadow).not.toEqual(data[0].shown);
    expect([same, failed]).toEqual([0, 0]);
    // Everybody is answered by the champion all the while.
    expect((await ask()).system_fingerprint).toBe(kept.system_fingerprint);
    expect(await (await fetch(`${server.url}/metrics`)).text()).toContain(
      `tslm_revision{role="shadow",revision="${id}"} 1`,
    );

    // A person who is asked which is better is believed as anybody is.
    const choice = { response_id: data[0].shadow_id, better_than: [{ response_id: kept.id }], user: 'bob' };
    await client.post('/feedback', { body: choice });
    const [row] = (await tslm(['feedback', 'export', folder])).stdout.trim().split('\n');
    expect(JSON.parse(row)).toMatchObject({ chosen: data[0].shadow[0], rejected: data[0].shown[0] });
    const figures = JSON.parse((await tslm(['shadow', folder, '--json'])).stdout);
    expect(figures).toMatchObject({ revision: id, compared: 1 });
    expect((await tslm(['shadow', folder])).stdout).toContain('1 beside those that were shown, 0 failed');
    await tslm(['shadow', folder, '--end']);
    await expect.poll(async () => (await shadow()).revision, { timeout: 20_000 }).toBe(null);
    expect((await tslm(['shadow', folder])).stderr).toContain('nothing answers in the shadow');
    expect(server.stderr).not.toContain('"level":50');
  });
});
