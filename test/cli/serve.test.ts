/** `tslm serve` as a person starts and stops it, and `tslm keys`. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createModel, saveModel } from '../../src/models/auto.ts';
import { byteTokenizer } from '../data/helpers.ts';
import { expectRefusal, tslm } from '../helpers/cli.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();
const folder = join(scratch, 'tiny');
mkdirSync(folder);
byteTokenizer(folder);
const model = createModel(
  'gpt2',
  { layers: 1, hidden: 32, heads: 2, context: 64, vocabSize: 257 },
  { seed: 1, eosTokenId: 256 },
);
saveModel(folder, model);
model.dispose();

const complete = (url: string, key: string): Promise<Response> =>
  fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: '{"model":"small","prompt":"a secret","max_tokens":3}',
  });

describe('tslm serve', () => {
  it('asks for keys, answers, logs no prompts, and ends gracefully', async () => {
    const file = join(scratch, 'keys.json');
    const made = await tslm(['keys', 'add', file, 'anna']);
    expect(made.code).toBe(0);
    const key = made.stdout.trim();
    const statuses: Promise<number>[] = [];
    const { code, stdout, stderr } = await tslm(
      ['serve', folder, '--name', 'small', '--port', '0', '--keys', file, '--json'],
      {
        onOutput(child, out) {
          if (!out.includes('}') || statuses.length > 0) return;
          const { url } = JSON.parse(out) as { url: string };
          statuses.push(
            complete(url, key).then(({ status }) => status),
            complete(url, 'none').then(({ status }) => status),
          );
          void Promise.all(statuses).then(() => child.kill('SIGTERM'));
        },
      },
    );
    expect(await Promise.all(statuses), stderr).toEqual([200, 401]);
    expect(code).toBe(143);
    expect(JSON.parse(stdout).models).toEqual(['small']);
    expect(stderr).toContain('"key":"anna"');
    expect(stderr).not.toContain('secret');
  });

  it('refuses what cannot be served', async () => {
    expectRefusal(await tslm(['serve', '--no-studio']), 2, 'no model given');
    expectRefusal(await tslm(['serve', '--jobs', '0']), 2, 'no model given');
    expectRefusal(await tslm(['serve', join(scratch, 'nothing'), '--port', '0']), 2, 'no model here');
    expectRefusal(await tslm(['serve', folder, '--name', 'a', '--name', 'b']), 2, 'more --name than models');
    expectRefusal(await tslm(['serve', folder, '--adapter', 'a']), 2, 'no name or no path');
    expectRefusal(await tslm(['serve', '--upstream', 'http://127.0.0.1:9', '--port', '0']), 1, 'does not answer');
  });
});

describe('tslm keys', () => {
  it('lists and removes', async () => {
    const file = join(scratch, 'more.json');
    await tslm(['keys', 'add', file, 'ben', '--admin', '--concurrency', '2']);
    const { stdout } = await tslm(['keys', 'list', file]);
    expect(stdout).toMatch(/^ben {2}since \d{4}-\d\d-\d\d, admin, concurrency 2\n$/);
    expect((await tslm(['keys', 'remove', file, 'ben'])).stdout).toBe('removed ben\n');
    expectRefusal(await tslm(['keys', 'remove', file, 'ben']), 1, "no key for 'ben'");
  });
});
