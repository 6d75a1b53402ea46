/** What is kept, and that what is deleted is gone from the disk. */
import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { createRecorder } from '../../src/online/recorder.ts';
import { createScrubber } from '../../src/online/scrub/scrub.ts';
import { openStore } from '../../src/online/store/store.ts';
import { scratchFolder } from '../support/scratch.ts';
import { filesWith } from './helpers.ts';

const scratch = scratchFolder();

const answer = (id: string, user: string, text: string, more: object = {}) => ({
  id,
  created: 1,
  model: 'm',
  revision: 'fp_1',
  user,
  prompt: `about ${text}`,
  choices: [{ position: 0, text, finish: 'stop' }],
  ...more,
});

describe('the store', () => {
  it('keeps an answer as it was written, scrubbed', () => {
    using store = openStore(join(scratch, 'keeps'));
    const scrub = createScrubber(store.keyed);
    const begin = createRecorder({ store, scrub, retentionDays: 2, now: () => 1000 });
    const given = { prompt: { text: 'I am a@b.example' } };
    for (const [id, text] of [
      ['cmpl-1', 'Hello'],
      ['cmpl-2', 'to c@d.example'],
    ]) {
      const recording = begin({ id, model: 'm', revision: 'fp_1', user: 'alice', conversation: 'c' });
      const request = recording.request(given);
      expect(request.logprobs).toBe(0);
      const tokens = [{ id: 7, text, bytes: [], logprob: -0.5 }];
      recording.take(request, { type: 'text', index: 0, text, tokens });
      recording.take(request, { type: 'finish', index: 0, reason: 'stop' });
      expect(store.answer(id)).toBeUndefined();
      recording.take(request, { type: 'end', promptTokens: 1, cachedTokens: 0, completionTokens: 1 });
    }
    expect(store.answer('cmpl-1')).toMatchObject({
      created: 1000,
      revision: 'fp_1',
      expires: 1000 + 2 * 86_400_000,
      prompt: 'I am <EMAIL>',
      choices: [{ position: 0, text: 'Hello', finish: 'stop', tokenIds: [7], logprobs: [-0.5] }],
    });
    // Tokens would say what was taken out.
    expect(store.answer('cmpl-2')!.choices).toEqual([{ position: 0, text: 'to <EMAIL>', finish: 'stop' }]);
    expect(store.scrubbed()).toEqual({ email: 3 });
    expect(filesWith(store.folder, 'alice')).toEqual([]);
  });

  it('refuses judgements of what is not there', () => {
    using store = openStore(join(scratch, 'refuses'));
    store.addAnswer(answer('a', 'u', 'text'));
    const thumb = { kind: 'thumb', thumb: 'up' } as const;
    expect(() => store.addJudgement({ answer: 'b', position: 0, user: 'u', value: thumb })).toThrow(/no answer 'b'/);
    expect(() => store.addJudgement({ answer: 'a', position: 1, user: 'u', value: thumb })).toThrow(/choice 1/);
    const over = [{ response_id: 'c', choice: 0 }];
    expect(() => store.addJudgement({ answer: 'a', position: 0, user: 'u', value: { kind: 'choice', over } })).toThrow(
      /'c'/,
    );
    expect(store.counts()).toMatchObject({ answers: 1, judgements: 0 });
  });

  it('leaves no byte of whom it forgets', () => {
    const folder = join(scratch, 'forgets');
    using store = openStore(folder);
    const user = (name: string): string => store.keyed.user(name);
    for (let i = 0; i < 50; i++) {
      store.addAnswer(answer(`a${i}`, user('alice'), `SECRET-OF-ALICE ${i} ${'x'.repeat(i * 50)}`));
      store.addAnswer(
        answer(`b${i}`, user('bob'), `WORDS-OF-BOB ${i}`, { conversation: store.keyed.conversation('talk') }),
      );
      const value = { kind: 'correction', correction: `ALICE-WOULD-SAY ${i}` } as const;
      store.addJudgement({ answer: `b${i}`, position: 0, user: user('alice'), value });
      store.addJudgement({ answer: `b${i}`, position: 0, user: user('bob'), value: { kind: 'thumb', thumb: 'up' } });
    }
    expect(filesWith(folder, 'SECRET-OF-ALICE').length).toBeGreaterThan(0);
    const gone = store.delete({ user: 'alice' });
    expect(gone).toMatchObject({ answers: 50 });
    expect(gone.judgements.length).toBe(50);
    expect(filesWith(folder, 'SECRET-OF-ALICE')).toEqual([]);
    expect(filesWith(folder, 'ALICE-WOULD-SAY')).toEqual([]);
    expect(filesWith(folder, 'WORDS-OF-BOB').length).toBeGreaterThan(0);
    expect(store.counts()).toMatchObject({ answers: 50, judgements: 50, users: 1 });
    store.delete({ conversation: 'talk' });
    expect(filesWith(folder, 'WORDS-OF-BOB')).toEqual([]);
    expect(store.counts()).toMatchObject({ answers: 0, judgements: 0 });
  });

  it('forgets what is too old', () => {
    using store = openStore(join(scratch, 'expires'));
    store.addAnswer(answer('a', 'u', 'OLD', { expires: 10 }));
    store.addAnswer(answer('b', 'u', 'NEW', { expires: 1000 }));
    expect(store.expire(10)).toEqual({ answers: 1, judgements: [] });
    expect(filesWith(store.folder, 'OLD')).toEqual([]);
    expect(store.answer('b')).toBeDefined();
  });

  it('refuses what a newer version has written, and what is no database', () => {
    const folder = join(scratch, 'newer');
    openStore(folder)[Symbol.dispose]();
    const database = new BetterSqlite(join(folder, 'feedback.sqlite'));
    database.pragma('user_version = 99');
    database.close();
    expect(() => openStore(folder)).toThrow(/newer tslm/);
    expect(() => openStore(join(scratch, 'nothing'), { mustExist: true })).toThrow(/no feedback here/);
  });
});
