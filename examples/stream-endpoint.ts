/** An HTTP endpoint that streams: requests share batches, and a client that leaves ends its generation. */
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { open } from 'tslm';

const model = await open('runs/mine'); // train-model.ts
const app = new Hono();
app.post('/generate', async c => {
  const { prompt } = await c.req.json();
  return new Response(model.stream(prompt, { maxTokens: 64, signal: c.req.raw.signal }).toReadable());
});

const server = serve({ fetch: app.fetch, port: 0 }, async ({ port }) => {
  const body = JSON.stringify({ prompt: 'The ' });
  const answer = await fetch(`http://127.0.0.1:${port}/generate`, { method: 'POST', body });
  for await (const piece of answer.body!.pipeThrough(new TextDecoderStream())) process.stdout.write(piece);
  server.close();
});
