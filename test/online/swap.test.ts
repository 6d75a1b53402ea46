/** Revisions change while many ask: nothing fails, and each answer is one revision's from its first token to its last. */
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, expect, it } from 'vitest';
import { makeRevision } from '../../bench/online/service.ts';
import { openRegistry } from '../../src/online/registry/registry.ts';
import { openStore } from '../../src/online/store/store.ts';
import { describeLong } from '../helpers/long.ts';
import { type RunningServer, startServer, tinyModelFolder } from '../helpers/server.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();
const folder = join(scratch, 'learning');
const model = tinyModelFolder(join(scratch, 'tiny'));
const REQUESTS = 2000;
const STREAMS = 16;
let server: RunningServer | undefined;
afterAll(() => server?.stop());

describeLong('swaps under load', () => {
  it('fail no request and mix no answer', async () => {
    using store = openStore(folder);
    const registry = openRegistry(store, model);
    const revisions = [registry.base.id, ...[1, 2, 3].map(seed => makeRevision(folder, model, seed))];
    server = await startServer([model, '--learn', folder]);
    const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
    const prompts = ['abc', 'the sea', 'once upon a time there was a', 'xyz '];
    /** What answered, and what it said. */
    const ask = async (prompt: string): Promise<{ by: string; text: string }> => {
      const stream = await client.completions.create({
        model: 'tiny',
        prompt,
        max_tokens: 12,
        temperature: 0,
        stream: true,
      });
      let text = '';
      const by = new Set<string>();
      for await (const event of stream) {
        text += event.choices[0]?.text ?? '';
        by.add(event.system_fingerprint!);
      }
      expect(by.size).toBe(1);
      return { by: [...by][0], text };
    };
    const answers: { prompt: string; by: string; text: string }[] = [];
    let begun = 0;
    let isChanging = true;
    const changes = [
      () => registry.promote(revisions[1], 'test'),
      () => registry.promote(revisions[2], 'test'),
      () => registry.promote(revisions[3], 'test'),
      () => registry.rollback('test'),
    ];
    const streams = Array.from({ length: STREAMS }, async () => {
      while (begun < REQUESTS || isChanging) {
        const prompt = prompts[begun++ % prompts.length];
        answers.push({ prompt, ...(await ask(prompt)) });
      }
    });
    // Each change when the one before answers, and some requests later.
    const change = (async () => {
      for (let next = changes.shift(); next; next = changes.shift()) {
        const at = answers.length + REQUESTS / 8;
        await expect.poll(() => answers.length, { timeout: 600_000, interval: 5 }).toBeGreaterThan(at);
        const { to } = next();
        await expect.poll(() => answers.at(-1)!.by, { timeout: 60_000, interval: 5 }).toBe(to);
      }
    })().finally(() => {
      isChanging = false;
    });
    await Promise.all([...streams, change]);

    // Asked one after another, what each revision says.
    const said = new Map<string, string>();
    for (const id of [revisions[2], revisions[3], revisions[1], revisions[0]]) {
      if (registry.alias('champion') !== id) registry.promote(id, 'test');
      await expect.poll(async () => (await ask('abc')).by, { timeout: 60_000 }).toBe(id);
      for (const prompt of prompts) said.set(`${id} ${prompt}`, (await ask(prompt)).text);
    }
    expect(new Set(said.values()).size).toBe(revisions.length * prompts.length);
    expect(answers.length).toBeGreaterThanOrEqual(REQUESTS);
    for (const { prompt, by, text } of answers) expect(text).toBe(said.get(`${by} ${prompt}`));
    const counts = revisions.map(id => answers.filter(({ by }) => by === id).length);
    for (const count of counts) expect(count).toBeGreaterThan(0);
    expect(server.stderr).not.toContain('"level":50');
    expect(await server.stop()).toBe(143);
  });
});
