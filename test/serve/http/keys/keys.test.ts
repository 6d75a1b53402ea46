import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { addKey, keysOf, readKeys, removeKey } from '../../../../src/serve/http/keys/key-file.ts';
import { createLimiter } from '../../../../src/serve/http/keys/limiter.ts';
import { watchKeys } from '../../../../src/serve/http/keys/watch-keys.ts';

const folder = mkdtempSync(join(tmpdir(), 'tslm-keys-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the file of keys', () => {
  const file = join(folder, 'keys.json');

  it('has hashes and no keys, for its owner alone', async () => {
    const key = await addKey(file, { name: 'anna', limits: { concurrency: 2 } });
    const text = readFileSync(file, 'utf8');
    expect(text).not.toContain(key);
    expect(text).not.toContain(key.replace('tslm-', ''));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(keysOf(readKeys(file)).find(key)).toMatchObject({ name: 'anna', limits: { concurrency: 2 } });
    expect(keysOf(readKeys(file)).find(`${key}x`)).toBeUndefined();
    await expect(addKey(file, { name: 'anna' })).rejects.toThrow("there is a key for 'anna' already");
  });

  it('is followed as it changes', async () => {
    const key = await addKey(file, { name: 'ben' });
    const keys = watchKeys(file);
    expect(keys.find(key)?.name).toBe('ben');
    await removeKey(file, 'ben');
    const later = new Date(statSync(file).mtimeMs + 1000); // it may have changed within the clock of the file system
    utimesSync(file, later, later);
    const now = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 2000);
    expect(keys.find(key)).toBeUndefined();
    now.mockRestore();
    await expect(removeKey(file, 'ben')).rejects.toThrow("there is no key for 'ben'");
  });
});

describe('a file of keys that is changed by many, or goes away', () => {
  it('has every key that was shown', async () => {
    const file = join(folder, 'together.json');
    const names = Array.from({ length: 10 }, (_, i) => `user ${i}`);
    const shown = await Promise.all(names.map(name => addKey(file, { name })));
    const keys = keysOf(readKeys(file));
    expect(shown.map(key => keys.find(key)?.name)).toEqual(names);
    await Promise.all(names.slice(1).map(name => removeKey(file, name)));
    expect(readKeys(file).map(({ name }) => name)).toEqual(['user 0']);
  });

  it.each([
    ['is removed', (file: string) => rmSync(file)],
    ['is no JSON', (file: string) => writeFileSync(file, 'sk-secret {')],
    ['is cut off', (file: string) => writeFileSync(file, readFileSync(file, 'utf8').slice(0, 40))],
    ['is something else', (file: string) => writeFileSync(file, '{"keys":[{"name":"a","sk-secret":1}]}')],
    [
      'becomes a folder',
      (file: string) => {
        rmSync(file);
        mkdirSync(file);
      },
    ],
  ])('lets nobody in while it %s, and quotes nothing of it', async (_, spoil) => {
    const file = join(folder, `${randomUUID()}.json`);
    const key = await addKey(file, { name: 'anna' });
    const good = readFileSync(file);
    const told: (string | undefined)[] = [];
    const keys = watchKeys(file, problem => told.push(problem));
    let time = performance.now();
    const now = vi.spyOn(performance, 'now').mockImplementation(() => time);
    try {
      spoil(file);
      time += 2000;
      const refusal = expect.objectContaining({ code: 'TSLM_KEYS_UNREADABLE', retryAfter: 5 });
      expect(() => keys.find(key)).toThrow(refusal);
      time += 2000;
      expect(() => keys.find(key)).toThrow(refusal);
      expect(keys.problem!()).toBe('the file of keys cannot be read');
      expect(told).toHaveLength(1);
      expect(told[0]).toContain(file);
      expect(told[0]).not.toContain('secret');
      rmSync(file, { recursive: true, force: true });
      writeFileSync(file, good);
      time += 2000;
      expect(keys.find(key)?.name).toBe('anna');
      expect(keys.problem!()).toBeUndefined();
      expect(told).toHaveLength(2);
    } finally {
      now.mockRestore();
    }
  });
});

describe('limits', () => {
  const base = { hash: '0'.repeat(64), created: '' };

  it('fill up again evenly', () => {
    let time = 0;
    const limiter = createLimiter(() => time);
    const holder = { ...base, name: 'a', limits: { requestsPerMinute: 6 } };
    for (let i = 0; i < 6; i++) limiter.admit(holder);
    expect(() => limiter.admit(holder)).toThrow(expect.objectContaining({ code: 'TSLM_RATE_LIMIT', retryAfter: 10 }));
    time = 10;
    limiter.admit(holder);
    expect(() => limiter.admit(holder)).toThrow('6 requests a minute');
  });

  it('count tokens when they are known', () => {
    let time = 0;
    const limiter = createLimiter(() => time);
    const holder = { ...base, name: 'a', limits: { tokensPerMinute: 60 } };
    limiter.admit(holder)(100);
    expect(() => limiter.admit(holder)).toThrow(expect.objectContaining({ code: 'TSLM_TOKEN_LIMIT', retryAfter: 41 }));
    time = 41;
    limiter.admit(holder);
  });

  it('keep each key to itself', () => {
    const limiter = createLimiter();
    const limits = { concurrency: 1 };
    const leave = limiter.admit({ ...base, name: 'a', limits });
    limiter.admit({ ...base, name: 'b', limits });
    expect(() => limiter.admit({ ...base, name: 'a', limits })).toThrow('1 requests under way');
    leave(0);
    limiter.admit({ ...base, name: 'a', limits });
  });
});
