import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { addKey, keysOf, readKeys, removeKey, watchKeys } from '../../../../src/serve/http/keys/key-file.ts';
import { createLimiter } from '../../../../src/serve/http/keys/limiter.ts';

const folder = mkdtempSync(join(tmpdir(), 'tslm-keys-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the file of keys', () => {
  const file = join(folder, 'keys.json');

  it('has hashes and no keys, for its owner alone', () => {
    const key = addKey(file, { name: 'anna', limits: { concurrency: 2 } });
    const text = readFileSync(file, 'utf8');
    expect(text).not.toContain(key);
    expect(text).not.toContain(key.replace('tslm-', ''));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(keysOf(readKeys(file)).find(key)).toMatchObject({ name: 'anna', limits: { concurrency: 2 } });
    expect(keysOf(readKeys(file)).find(`${key}x`)).toBeUndefined();
    expect(() => addKey(file, { name: 'anna' })).toThrow("there is a key for 'anna' already");
  });

  it('is followed as it changes', () => {
    const key = addKey(file, { name: 'ben' });
    const keys = watchKeys(file);
    expect(keys.find(key)?.name).toBe('ben');
    removeKey(file, 'ben');
    const later = new Date(statSync(file).mtimeMs + 1000); // it may have changed within the clock of the file system
    utimesSync(file, later, later);
    const now = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 2000);
    expect(keys.find(key)).toBeUndefined();
    now.mockRestore();
    expect(() => removeKey(file, 'ben')).toThrow("there is no key for 'ben'");
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
