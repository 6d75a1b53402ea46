/** A server with OpenAI's API whose answers are given. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Body {
  model: string;
  prompt?: string;
  messages?: { role: string; content: string }[];
  n?: number;
  max_tokens?: number;
  stop?: string[];
  seed?: number;
  [key: string]: unknown;
}

export interface ScriptedServer extends AsyncDisposable {
  baseUrl: string;
  requests: Body[];
}

/** @param script the text of choice `index`; a number is the status of a refusal */
export async function openAiServer(script: (body: Body, index: number) => string | number): Promise<ScriptedServer> {
  const requests: Body[] = [];
  const server = createServer(async (request, response) => {
    const send = (status: number, value: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    if (request.url === '/v1/models') return send(200, { data: [{ id: 'scripted' }] });
    const body = JSON.parse(await textOf(request)) as Body;
    requests.push(body);
    const isChat = request.url === '/v1/chat/completions';
    const texts = Array.from({ length: body.n ?? 1 }, (_, i) => script(body, i));
    const refusal = texts.find(text => typeof text === 'number');
    if (refusal !== undefined) return send(refusal as number, { error: { message: 'no' } });
    const words = (text: string): number => text.split(/\s+/).filter(Boolean).length;
    send(200, {
      choices: (texts as string[]).map((text, index) => ({
        index,
        finish_reason: 'stop',
        ...(isChat ? { message: { role: 'assistant', content: text } } : { text }),
      })),
      usage: {
        prompt_tokens: words(JSON.stringify(body.messages ?? body.prompt)),
        completion_tokens: (texts as string[]).reduce((sum, text) => sum + words(text), 0),
      },
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
