/** The whole server under clients of every kind: no crash, no lost place, flat memory, every error a documented one. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createModelPool } from '../../src/engine/model-pool.ts';
import { createModel, saveModel } from '../../src/models/auto.ts';
import { createApp } from '../../src/serve/http/app.ts';
import { addKey, keysOf, readKeys } from '../../src/serve/http/keys/key-file.ts';
import { listen } from '../../src/serve/http/listen.ts';
import { byteTokenizer } from '../data/helpers.ts';
import { scratchFolder } from '../support/scratch.ts';
import { chaos } from './chaos.ts';

const scratch = scratchFolder();
const isLong = Boolean(process.env.TSLM_LONG);
const [MiB, timeout] = [2 ** 20, 900_000];

/** A model that chats, in bytes. */
function chatModel(folder: string): string {
  mkdirSync(folder);
  byteTokenizer(folder);
  const chat_template = '{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant: ';
  writeFileSync(
    join(folder, 'tokenizer_config.json'),
    JSON.stringify({ tokenizer_class: 'PreTrainedTokenizerFast', eos_token: '<|endoftext|>', chat_template }),
  );
  const sizes = { layers: 1, hidden: 32, heads: 2, context: 512, vocabSize: 257 };
  using model = createModel('gpt2', sizes, { seed: 1, eosTokenId: 256 });
  saveModel(folder, model);
  return folder;
}

it('withstands clients of every kind', { timeout }, async () => {
  const pool = createModelPool({ models: [{ path: chatModel(join(scratch, 'chatter')) }] });
  await pool.start();
  const keyFile = join(scratch, 'keys.json');
  const key = await addKey(keyFile, { name: 'chaos' });
  const maxBodyBytes = MiB;
  const app = createApp({ pool, keys: keysOf(readKeys(keyFile)), limits: { maxBodyBytes } });
  const server = await listen(app, { port: 0 });
  try {
    const { counts, problems, memory } = await chaos(server.url, {
      requests: isLong ? 5000 : 500,
      seed: Number(process.env.TSLM_SEED ?? 1),
      model: 'chatter',
      key,
      maxBodyBytes,
      stall: isLong ? 1000 : 100,
      residentBytes: () => process.memoryUsage().rss,
    });
    expect(problems).toEqual([]);
    for (const kind of ['chat', 'chat stream']) expect(counts[kind][200]).toBeGreaterThan(0);
    const { early, late } = memory;
    expect(late.tensorBytes).toBeLessThan(early.tensorBytes + MiB);
    expect(late.residentBytes).toBeLessThan(early.residentBytes + 96 * MiB);
  } finally {
    await server.close(0);
    await pool.close();
  }
});
