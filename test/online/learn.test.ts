/** A round of learning, from judgements to a revision that answers or does not. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { learn, waitingJudgements } from '../../src/online/learn.ts';
import { openRegistry } from '../../src/online/registry/registry.ts';
import { openStore } from '../../src/online/store/store.ts';
import { tinyModelFolder } from '../helpers/server.ts';
import { scratchFolder } from '../support/scratch.ts';
import { simulate, writeReplay, writeSettings } from './helpers.ts';

const scratch = scratchFolder();
const model = tinyModelFolder(join(scratch, 'tiny'));
const replay = [writeReplay(join(scratch, 'replay.jsonl'))];

describe('a round', () => {
  it('makes what people choose likelier, and puts it in the place of the champion', async () => {
    writeSettings(join(scratch, 'rises'));
    using store = openStore(join(scratch, 'rises'));
    const ids = simulate(store, { people: 6, each: 8 });
    const result = await learn(store, { model, replay });
    expect(result.decision?.sentence).toMatch(/^Passed: \+\d/);
    expect(result.outcome).toBe('promoted');
    const { target, guards } = result.decision!;
    expect(target!.interval[0]).toBeGreaterThan(0);
    expect(target!.leaveOneOut!.difference).toBeGreaterThan(0);
    expect(guards.map(({ name, passed }) => [name, passed])).toEqual([
      ['wanted answers', true],
      ['original text', true],
    ]);
    const registry = openRegistry(store);
    expect(registry.alias('champion')).toBe(result.candidate);
    expect(registry.alias('previous')).toBe(registry.base.id);
    expect(existsSync(join(registry.pathOf(result.candidate!), 'adapter_model.safetensors'))).toBe(true);
    const file = JSON.parse(readFileSync(join(registry.pathOf(result.candidate!), 'decision.json'), 'utf8'));
    expect(file).toMatchObject({ id: result.candidate, passed: true, champion: registry.base.id });
    const learnt = store.database.prepare('SELECT count(*) FROM learnt').pluck().get() as number;
    expect(learnt).toBe(result.lessons!.training.preference);
    expect(learnt + result.lessons!.heldOut).toBeLessThanOrEqual(ids.length);
    expect(learnt).toBeGreaterThan(ids.length / 2);

    // What was learnt is not learnt again.
    expect((await learn(store, { replay })).skipped).toMatch(/^0 judgements/);
    expect(registry.rollback('test')).toEqual({ from: result.candidate, to: registry.base.id });
    expect(registry.alias('champion')).toBe(registry.base.id);
  });

  it('rejects what people would not have', async () => {
    writeSettings(join(scratch, 'falls'), { update: { defend: false } });
    using store = openStore(join(scratch, 'falls'));
    simulate(store, { people: 6, each: 8, noise: 1 });
    const result = await learn(store, { model, replay });
    expect(result.decision?.passed).toBe(false);
    expect(result.decision?.sentence).toMatch(/^Rejected, /);
    expect(result.outcome).toBe('rejected');
    expect(openRegistry(store).alias('champion')).toBe(openRegistry(store).base.id);
  });

  it('leaves out people who pull against the others', async () => {
    writeSettings(join(scratch, 'poisoned'));
    using store = openStore(join(scratch, 'poisoned'));
    simulate(store, { people: 10, each: 6, opposed: 3 });
    const result = await learn(store, { model, replay });
    const poisoners = [7, 8, 9].map(person => store.keyed.user(`person ${person}`));
    expect(result.lessons!.leftOut.sort()).toEqual(poisoners.sort());
  });

  it('counts judgements and not what they teach: a correction says what is wanted, and what is not', () => {
    writeSettings(join(scratch, 'counted'), { update: { heldOut: 1e-6 } });
    using store = openStore(join(scratch, 'counted'));
    const registry = openRegistry(store, model);
    const answer = simulate(store, { people: 1, each: 2 }).length;
    const before = waitingJudgements(store, registry);
    const user = store.keyed.user('somebody');
    store.addJudgement({ answer: 'cmpl-0-0', position: 0, user, value: { kind: 'correction', correction: 'yes!' } });
    expect([answer, before, waitingJudgements(store, registry)]).toEqual([2, 2, 3]);
  });

  it('removes what a round that was killed has left', async () => {
    using store = openStore(join(scratch, 'killed'));
    openRegistry(store, model);
    const place = join(store.folder, 'revisions');
    mkdirSync(join(place, 'fp_0000000000000000'), { recursive: true });
    mkdirSync(join(place, 'candidate.01234567.tmp'));
    expect((await learn(store, { replay })).outcome).toBe('nothing');
    expect(readdirSync(place)).toEqual([openRegistry(store).base.id]);
  });
});
