/** OpenAI's API over a model, in a server of one's own. */
import { createApp, createModelPool, listen } from 'tslm/serve';

const pool = createModelPool({ models: [{ path: 'runs/mine', name: 'mine' }] }); // train-model.ts
await pool.start();
const server = await listen(createApp({ pool }), { host: '127.0.0.1', port: 0 });
const answer = await fetch(`${server.url}/v1/completions`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'mine', prompt: 'The ', max_tokens: 8 }),
});
const { choices } = (await answer.json()) as { choices: { text: string }[] };
console.log(JSON.stringify(choices[0].text));
await server.close(0);
await pool.close();
