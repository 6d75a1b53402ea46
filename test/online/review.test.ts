/** Judgements that somebody looks at before anything is learnt from them. */
import { join } from 'node:path';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { exportRows } from '../../src/online/export.ts';
import { learn, waitingJudgements } from '../../src/online/learn.ts';
import { openRegistry } from '../../src/online/registry/registry.ts';
import { reviewJudgements } from '../../src/online/review.ts';
import { openStore } from '../../src/online/store/store.ts';
import { rewardsOf } from '../../src/online/watch/canary.ts';
import { tslm } from '../helpers/cli.ts';
import { itLong } from '../helpers/long.ts';
import { startServer, tinyModelFolder } from '../helpers/server.ts';
import { scratchFolder } from '../support/scratch.ts';
import { simulate, writeReplay, writeSettings } from './helpers.ts';

const scratch = scratchFolder();
const model = tinyModelFolder(join(scratch, 'tiny'));
const replay = [writeReplay(join(scratch, 'replay.jsonl'))];
const by = { reviewer: 'ada' };

describe('a review', () => {
  it('lets only what was accepted be learnt, held-out judgements among it', async () => {
    writeSettings(join(scratch, 'required'), { review: true });
    using store = openStore(join(scratch, 'required'));
    const ids = simulate(store, { people: 6, each: 10 });
    const registry = openRegistry(store, model);
    expect(waitingJudgements(store, registry)).toBe(0);
    expect((await learn(store, { model, replay })).skipped).toMatch(/^0 judgements/);
    reviewJudgements(store, registry, ids.slice(0, 48), { verdict: 'accepted', ...by });
    reviewJudgements(store, registry, ids.slice(48), { verdict: 'rejected', ...by });
    const result = await learn(store, { replay });
    const learnt = store.database.prepare('SELECT judgement FROM learnt').pluck().all() as string[];
    expect(learnt.length).toBeGreaterThan(20);
    expect(learnt.filter(id => !ids.slice(0, 48).includes(id))).toEqual([]);
    expect(learnt.length + result.lessons!.heldOut).toBeLessThanOrEqual(48);
    expect(exportRows(store, 'preference')).toHaveLength(48);
    // What is rejected afterwards is named with what had learnt it.
    const late = reviewJudgements(store, registry, [learnt[0]], { verdict: 'rejected', ...by });
    expect(late).toEqual({
      verdict: 'rejected',
      judgements: 1,
      revisions: [result.candidate],
      inUse: result.outcome === 'promoted' ? [result.candidate] : [],
    });
    expect(store.judgements({ review: 'rejected' })).toHaveLength(13);
  });

  it('that nobody asked for may reject all the same', () => {
    writeSettings(join(scratch, 'optional'), { update: { heldOut: 1e-6 } });
    using store = openStore(join(scratch, 'optional'));
    const registry = openRegistry(store, model);
    const [first] = simulate(store, { people: 1, each: 3, revision: 'fp_x' });
    expect(waitingJudgements(store, registry)).toBe(3);
    reviewJudgements(store, registry, [first], { verdict: 'rejected', ...by });
    expect(waitingJudgements(store, registry)).toBe(2);
    // Nor does it count for a canary.
    const { id } = store.addJudgement({
      answer: 'cmpl-0-0',
      position: 0,
      user: 'u',
      value: { kind: 'thumb', thumb: 'down' },
    });
    expect(rewardsOf(store, 'fp_x')).toEqual([-1]);
    reviewJudgements(store, registry, [id], { verdict: 'rejected', ...by });
    expect(rewardsOf(store, 'fp_x')).toEqual([]);
    reviewJudgements(store, registry, [id], { verdict: 'accepted', ...by });
    expect(rewardsOf(store, 'fp_x')).toEqual([-1]);
    const unknown = () => reviewJudgements(store, registry, [first, 'fb_0'], { verdict: 'accepted', ...by });
    expect(unknown).toThrow(/no judgement 'fb_0'/);
    expect(store.judgements({ review: 'rejected' }).map(one => one.id)).toEqual([first]);
    // Whoever is forgotten is forgotten with what was said of them.
    store.delete({ user: 'person 0' });
    expect(store.database.prepare('SELECT count(*) FROM reviews').pluck().get()).toBe(0);
  });

  itLong('is asked of the server, and done by commands', async () => {
    const folder = join(scratch, 'served');
    writeSettings(folder, { review: true });
    const server = await startServer([model, '--learn', folder]);
    const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
    const ids: string[] = [];
    for (const thumb of ['up', 'down', 'up']) {
      const { id } = await client.completions.create({
        model: 'tiny',
        prompt: 'abc',
        max_tokens: 4,
        store: true,
      } as OpenAI.CompletionCreateParamsNonStreaming);
      const { data } = await client.post<{ data: { id: string }[] }>('/feedback', { body: { response_id: id, thumb } });
      ids.push(data[0].id);
    }
    type List = { data: { id: string; review?: string }[] };
    const waiting = async () =>
      (await client.get<List>('/feedback', { query: { review: 'waiting' } })).data.map(({ id }) => id).sort();
    expect(await waiting()).toEqual([...ids].sort());
    const body = { judgements: [ids[0]], verdict: 'accepted' };
    expect(await client.post('/feedback/review', { body })).toMatchObject({ verdict: 'accepted', judgements: 1 });
    await expect(client.post('/feedback/review', { body: { ...body, judgements: ['fb_0'] } })).rejects.toMatchObject({
      status: 404,
    });
    await expect(client.post('/feedback/review', { body: { ...body, verdict: 'good' } })).rejects.toMatchObject({
      status: 400,
    });
    expect((await tslm(['feedback', 'review', folder, ids[1], '--reject'])).stdout).toContain('1 judgements');
    expect(await waiting()).toEqual([ids[2]]);
    const listed = await tslm(['feedback', 'list', folder, '--review', 'rejected', '--json']);
    expect(JSON.parse(listed.stdout)).toMatchObject([{ id: ids[1], verdict: 'rejected' }]);
    expect(
      JSON.parse((await tslm(['feedback', 'review', folder, '--all', '--accept', '--json'])).stdout),
    ).toMatchObject({
      verdict: 'accepted',
      judgements: 1,
    });
    expect(await waiting()).toEqual([]);
    expect((await tslm(['feedback', 'review', folder, '--all'])).stderr).toContain(
      'exactly one of --accept and --reject',
    );
    expect((await tslm(['feedback', 'review', folder, '--accept'])).stderr).toContain('name judgements, or say --all');
    await server.stop();
  });
});
