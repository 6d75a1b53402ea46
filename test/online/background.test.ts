/** A server that learns by itself, beside its answers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { tslm } from '../helpers/cli.ts';
import { itLong } from '../helpers/long.ts';
import { startServer, tinyModelFolder } from '../helpers/server.ts';
import { scratchFolder } from '../support/scratch.ts';
import { writeReplay, writeSettings } from './helpers.ts';

const scratch = scratchFolder();
const isRunning = (pid: number): boolean => {
  try {
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};
const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

describe.skipIf(process.platform !== 'linux')('serve --learn-after', () => {
  itLong('learns when there are enough judgements, and ends with the server', { timeout: 300_000 }, async () => {
    const folder = join(scratch, 'learning');
    const model = tinyModelFolder(join(scratch, 'tiny'));
    writeSettings(folder);
    const replay = writeReplay(join(scratch, 'replay.jsonl'));
    const options = ['--learn', folder, '--learn-after', '24', '--learn-replay', replay];
    const server = await startServer([model, ...options]);
    const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
    const ask = (prompt: string, user: string) =>
      client.completions.create({
        model: 'tiny',
        prompt,
        max_tokens: 4,
        temperature: 0,
        user,
        store: true,
      } as OpenAI.CompletionCreateParamsNonStreaming);
    const letters = [...'abcdefghijklmnopqrstuvwxyz'];
    const before = (await ask('abc: ', 'nobody')).system_fingerprint;
    const learner = childrenOf(server.child.pid!)[0];
    expect(isRunning(learner)).toBe(true);
    // Behind the server: field 19 of stat is the nice value.
    const stat = readFileSync(`/proc/${learner}/stat`, 'utf8');
    expect(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]).toBe('10');
    for (let person = 0; person < 6; person++) {
      for (let i = 0; i < 8; i++) {
        const user = `person ${person}`;
        const { id } = await ask(`${letters[(person * 8 + i) % 26]}${letters[(7 * i + person) % 26]}: `, user);
        await client.post('/feedback', { body: { response_id: id, correction: 'yes.', user } });
      }
    }
    await expect
      .poll(async () => (await ask('abc: ', 'nobody')).system_fingerprint, { timeout: 240_000, interval: 300 })
      .not.toBe(before)
      .catch(error => expect.fail(`${error}\n${server.stderr}`));
    expect(server.stderr).toContain('learn: gate');
    await server.stop();
    await expect.poll(() => isRunning(learner), { timeout: 10_000 }).toBe(false);
  });

  itLong('does not outlive a server that was killed', { timeout: 60_000 }, async () => {
    const folder = join(scratch, 'killed');
    const model = tinyModelFolder(join(scratch, 'other'));
    writeSettings(folder);
    const server = await startServer([model, '--learn', folder, '--learn-after', '48']);
    const [learner] = childrenOf(server.child.pid!);
    server.child.kill('SIGKILL');
    await server.exited;
    await expect.poll(() => isRunning(learner), { timeout: 30_000 }).toBe(false);
  });

  it('is refused without what it is for', async () => {
    const alone = await tslm(['serve', scratch, '--learn-after', '10']);
    expect(alone.code).toBe(2);
    expect(alone.stderr).toContain('--learn-after is given without --learn FOLDER');
    const then = await tslm(['serve', scratch, '--learn', scratch, '--learn-then', 'canary']);
    expect(then.stderr).toContain('--learn-then is given without --learn-after N');
  });
});
