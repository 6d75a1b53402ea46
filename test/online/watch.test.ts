/** What is seen of a service while it answers: changes of a stream, a challenger that people like more or less. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openRegistry } from '../../src/online/registry/registry.ts';
import { readSettings } from '../../src/online/settings.ts';
import { openStore } from '../../src/online/store/store.ts';
import { adwin } from '../../src/online/watch/adwin.ts';
import { canaryOf, placeOf, watch } from '../../src/online/watch/canary.ts';
import { createOutcomes, type Outcomes } from '../../src/online/watch/outcomes.ts';
import { sampleOf, sequentialTest } from '../../src/online/watch/sequential.ts';
import { createRandom } from '../../src/support/random.ts';
import { tinyModelFolder } from '../helpers/server.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();
const model = tinyModelFolder(join(scratch, 'tiny'));

describe('ADWIN', () => {
  it('finds a change, and none where there is none', () => {
    const random = createRandom(1);
    const still = adwin();
    for (let i = 0; i < 2000; i++) still.add(random.next());
    expect(still.changes).toBe(0);
    expect(still.length).toBe(2000);
    expect(still.mean).toBeCloseTo(0.5, 1);
    const moved = adwin();
    for (let i = 0; i < 500; i++) moved.add(random.next());
    for (let i = 0; i < 500; i++) moved.add(random.next() + 0.5);
    expect(moved.changes).toBeGreaterThan(0);
    expect(moved.mean).toBeCloseTo(1, 1);
    expect(moved.length).toBeLessThan(700);
  });
});

describe('the sequential test', () => {
  it('errs rarely, however often one looks', () => {
    let errors = 0;
    for (let seed = 0; seed < 200; seed++) {
      const random = createRandom(seed);
      const draw = (): number => (random.next() < 0.7 ? 1 : -1);
      const [a, b]: [number[], number[]] = [[], []];
      for (let i = 0; i < 150; i++) {
        a.push(draw());
        b.push(draw());
        if (sequentialTest(sampleOf(a), sampleOf(b)).p <= 0.05) {
          errors++;
          break;
        }
      }
    }
    expect(errors).toBeLessThanOrEqual(10);
  });

  it('sees what is there', () => {
    const [good, bad] = [0.9, 0.4].map(share => Array.from({ length: 60 }, (_, i) => (i % 10 < share * 10 ? 1 : -1)));
    const { difference, p } = sequentialTest(sampleOf(bad), sampleOf(good));
    expect(difference).toBeCloseTo(-1, 5);
    expect(p).toBeLessThan(0.01);
    expect(sequentialTest(sampleOf(bad.slice(0, 5)), sampleOf(good)).p).toBe(1);
  });
});

describe('a canary', () => {
  /** A registry with a challenger, and thumbs for both. */
  function service(name: string) {
    const store = openStore(join(scratch, name));
    const registry = openRegistry(store, model);
    mkdirSync(join(store.folder, 'revisions', 'fp_b'), { recursive: true });
    let number = 0;
    const thumbs = (revision: string, count: number, share: number): void => {
      for (let i = 0; i < count; i++) {
        const id = `a${number++}`;
        const choices = [{ position: 0, text: 't', finish: 'stop' }];
        store.addAnswer({ id, created: 1, model: 'm', revision, user: 'u', prompt: 'p', choices });
        const value = { kind: 'thumb', thumb: i % 10 < share * 10 ? 'up' : 'down' } as const;
        store.addJudgement({ answer: id, position: 0, user: 'u', value });
      }
    };
    return { store, registry, thumbs, settings: readSettings(store.folder) };
  }

  it('grows stage by stage, and takes the place in the end', () => {
    const { store, registry, thumbs, settings } = service('grows');
    using _ = store;
    registry.challenge('fp_b', 'test');
    expect(watch(store, registry, settings)).toBe('nothing');
    for (const stage of [1, 2]) {
      thumbs('fp_b', 20, 0.9);
      expect(watch(store, registry, settings)).toBe('next stage');
      expect(canaryOf(store.folder, 'fp_b')!.stage).toBe(stage);
      store.database.prepare('UPDATE judgements SET created = created - 1000').run(); // before the stage began
    }
    thumbs('fp_b', 20, 0.9);
    expect(watch(store, registry, settings)).toBe('promoted');
    expect(registry.alias('champion')).toBe('fp_b');
    expect(registry.alias('challenger')).toBeUndefined();
  });

  it('ends when people like it less', () => {
    const { store, registry, thumbs, settings } = service('ends');
    using _ = store;
    registry.challenge('fp_b', 'test');
    thumbs(registry.base.id, 40, 0.9);
    thumbs('fp_b', 19, 0.2);
    expect(watch(store, registry, settings)).toBe('challenge ended');
    expect(registry.alias('challenger')).toBeUndefined();
    expect(registry.alias('champion')).toBe(registry.base.id);
  });

  it('ends when its requests fail more often, or take much longer', () => {
    const { store, registry, settings } = service('fails');
    using _ = store;
    const champion = registry.base.id;
    /** Every tenth request of the champion fails, as long as the share says it does of the challenger. */
    const outcomesOf = (share: number, factor: number, count: number): Outcomes => {
      const outcomes = createOutcomes();
      for (let i = 0; i < count; i++) {
        outcomes.add(champion, { failed: i % 10 === 0, milliseconds: 100 + 10 * (i % 7), tokens: 10 });
        outcomes.add('fp_b', { failed: i % 10 < 10 * share, milliseconds: factor * (100 + 10 * (i % 7)), tokens: 10 });
      }
      return outcomes;
    };
    registry.challenge('fp_b', 'test');
    expect(watch(store, registry, settings, outcomesOf(0.1, 1.4, 200))).toBe('nothing');
    expect(watch(store, registry, settings, outcomesOf(0.6, 1, 5))).toBe('nothing'); // too few to say
    expect(watch(store, registry, settings, outcomesOf(0.6, 1, 100))).toBe('challenge ended');
    expect(JSON.stringify(store.events(1))).toMatch(/its requests fail more often: \+50\.00 points of 100 requests/);
    registry.challenge('fp_b', 'test');
    expect(watch(store, registry, settings, outcomesOf(0.1, 3, 100))).toBe('challenge ended');
    expect(JSON.stringify(store.events(1))).toMatch(/it is slower: 3\.0 × the time a token on 90 requests/);
    // So does a champion that has just come.
    registry.promote('fp_b', 'test');
    expect(watch(store, registry, settings, outcomesOf(0.1, 1, 100))).toBe('nothing');
    expect(watch(store, registry, settings, outcomesOf(0.9, 1, 100))).toBe('rolled back');
    expect(registry.alias('champion')).toBe(champion);
  });

  it('goes back from a champion that people like less, but not again after that', () => {
    const { store, registry, thumbs, settings } = service('back');
    using _ = store;
    thumbs(registry.base.id, 40, 0.9);
    registry.promote('fp_b', 'test');
    thumbs('fp_b', 30, 0.2);
    expect(watch(store, registry, settings)).toBe('rolled back');
    expect(registry.alias('champion')).toBe(registry.base.id);
    expect(watch(store, registry, settings)).toBe('nothing');
  });

  it('has the same people always', () => {
    using store = openStore(join(scratch, 'grows'));
    const share = Array.from({ length: 1000 }, (_, i) => placeOf(store.keyed.digest, `u${i}`, 'fp_b')).filter(
      at => at < 0.1,
    );
    expect(share.length).toBeGreaterThan(60);
    expect(share.length).toBeLessThan(140);
    expect(placeOf(store.keyed.digest, 'u1', 'fp_b')).toBe(placeOf(store.keyed.digest, 'u1', 'fp_b'));
  });
});
