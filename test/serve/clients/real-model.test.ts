/** The same clients of a small model that has learnt nothing: held to a schema it must follow it all the same. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createModelPool } from '../../../src/engine/model-pool.ts';
import { createModel, saveModel } from '../../../src/models/auto.ts';
import { createApp } from '../../../src/serve/http/app.ts';
import { listen } from '../../../src/serve/http/listen.ts';
import { byteTokenizer } from '../../data/helpers.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { describeClients } from './suite.ts';

const TEMPLATE = `{% for message in messages %}{{ message.role }}: {{ message.content }}
{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}`;

const folder = join(scratchFolder(), 'tiny');
mkdirSync(folder);
byteTokenizer(folder);
writeFileSync(join(folder, 'chat_template.jinja'), TEMPLATE);
const model = createModel(
  'gpt2',
  { layers: 1, hidden: 32, heads: 2, context: 512, vocabSize: 257 },
  { seed: 1, eosTokenId: 256 },
);
saveModel(folder, model);
model.dispose();

describeClients('clients of a model', async () => {
  const pool = createModelPool({ models: [{ path: folder }] });
  await pool.start();
  const server = await listen(createApp({ pool }), { port: 0 });
  return {
    url: server.url,
    chat: 'tiny',
    embed: 'tiny',
    async close() {
      await server.close(1000);
      await pool.close();
    },
  };
});
