/** The loop as a newcomer goes it, with the official client and the commands: answer, judgement, update, gate, swap, rollback. */
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tslm } from '../helpers/cli.ts';
import { type RunningServer, startServer, tinyModelFolder } from '../helpers/server.ts';
import { scratchFolder } from '../support/scratch.ts';
import { filesWith, writeReplay, writeSettings } from './helpers.ts';

const scratch = scratchFolder();
const folder = join(scratch, 'learning');
const replay = writeReplay(join(scratch, 'replay.jsonl'));
let server: RunningServer;
let client: OpenAI;

beforeAll(async () => {
  const model = tinyModelFolder(join(scratch, 'tiny'));
  writeSettings(folder);
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
    ...more,
  } as OpenAI.CompletionCreateParamsNonStreaming);
const say = (body: Record<string, unknown>) => client.post<{ data: { id: string }[] }>('/feedback', { body });
const json = async (...args: string[]) => JSON.parse((await tslm([...args, '--json'])).stdout);

/** Until requests are answered by a revision. */
const answeredBy = (revision: string) =>
  expect.poll(async () => (await ask()).system_fingerprint, { timeout: 20_000 }).toBe(revision);

describe('a service that learns', () => {
  it('keeps what it may, and takes judgements of that alone', async () => {
    const kept = await ask({ store: true, user: 'alice', metadata: { conversation: 'first' } });
    const passed = await ask({ user: 'alice' });
    expect(kept.system_fingerprint).toMatch(/^fp_[0-9a-f]{16}$/);
    const answer = await say({
      response_id: kept.id,
      thumb: 'up',
      text: 'write to me: alice@example.com',
      user: 'alice',
    });
    expect(answer.data).toHaveLength(2);
    await expect(say({ response_id: passed.id, thumb: 'up' })).rejects.toMatchObject({ status: 404 });
    await expect(say({ response_id: kept.id })).rejects.toMatchObject({ status: 400 });
    await expect(say({ response_id: kept.id, thums: 'up' })).rejects.toThrow(/thumb/);
    await expect(ask({ store: true, prompt: ['a', 'b'] })).rejects.toMatchObject({ status: 400, param: 'store' });
    const [remark, thumb] = await json('feedback', 'list', folder);
    expect([remark.value.kind, thumb.value.kind].sort()).toEqual(['text', 'thumb']);
    expect(thumb.answered).toMatchObject({ id: kept.id, revision: kept.system_fingerprint, prompt: 'abc: ' });
    expect(thumb.answered.choices[0].tokenIds).toHaveLength(thumb.answered.choices[0].logprobs.length);
    expect(filesWith(folder, 'alice@example.com')).toEqual([]);
    // The response, the log and the store call the answer the same.
    expect(server.stderr).toContain(`"answer":"${kept.id}"`);
  });

  it('takes a judgement with the next request', async () => {
    const before = await ask({ store: true, user: 'carol' });
    await ask({ user: 'carol', metadata: { feedback_for: before.id, feedback_rating: '0.5' } });
    const [found] = await json('feedback', 'list', folder, '--user', 'carol');
    expect(found).toMatchObject({ answer: before.id, value: { kind: 'rating', rating: 0.5 } });
    await expect(ask({ metadata: { feedback_thumb: 'up' } })).rejects.toMatchObject({ status: 400 });
  });

  it('learns, puts what is better in place, and goes back', async () => {
    const letters = [...'abcdefghijklmnopqrstuvwxyz'];
    await Promise.all(
      Array.from({ length: 6 }, async (_, person) => {
        for (let i = 0; i < 8; i++) {
          const user = `person ${person}`;
          const prompt = `${letters[(person * 8 + i) % 26]}${letters[(7 * i + person) % 26]}: `;
          const { id } = await ask({ prompt, user, store: true });
          await say({ response_id: id, correction: 'yes.', user });
        }
      }),
    );
    const base = (await ask()).system_fingerprint!;
    const result = await json('learn', folder, '--replay', replay);
    expect(result.decision.sentence).toMatch(/^Passed/);
    expect(result.outcome).toBe('promoted');
    await answeredBy(result.candidate);
    const history = await json('history', folder);
    expect(history).toMatchObject({ champion: result.candidate, previous: base, challenger: null });
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toContain(`tslm_revision{role="champion",revision="${result.candidate}"} 1`);
    expect(metrics).toContain('tslm_model_up{model="tiny"} 1');
    const { stdout } = await tslm(['rollback', folder]);
    expect(stdout).toBe(`${base} answers in place of ${result.candidate}\n`);
    await answeredBy(base);

    // Whoever is forgotten is told which weights had learnt from it.
    const gone = await json('feedback', 'delete', folder, '--user', 'person 0');
    expect(gone).toMatchObject({ answers: 8, judgements: 8, revisions: [result.candidate], inUse: [result.candidate] });
    const rows = (await tslm(['feedback', 'export', folder, '--rows', 'preference'])).stdout.trim().split('\n');
    expect(rows).toHaveLength(40);
    expect(JSON.parse(rows[0])).toMatchObject({ chosen: 'yes.' });
  });

  it('tells what is wrong in one line', async () => {
    const wrong = await tslm(['learn', join(scratch, 'nowhere')]);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toMatch(/no feedback here/);
    const other = tinyModelFolder(join(scratch, 'other'), { seed: 2 });
    const another = await tslm(['serve', other, '--learn', folder, '--port', '0']);
    expect(another.stderr).toMatch(/belongs to the model fp_/);
  });
});
