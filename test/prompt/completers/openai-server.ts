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
  echo?: boolean;
  [key: string]: unknown;
}

export interface ScriptedServer extends AsyncDisposable {
  baseUrl: string;
  requests: Body[];
}

/**
 * @param script the text of choice `index`; a number is the status of a refusal
 * @param logProb of each word of a text that is given back with `echo`
 */
export async function openAiServer(
  script: (body: Body, index: number) => string | number,
  logProb?: (word: string, body: Body) => number,
): Promise<ScriptedServer> {
  const requests: Body[] = [];
  const server = createServer(async (request, response) => {
    const send = (status: number, value: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    if (request.url === '/v1/models') return send(200, { data: [{ id: 'scripted' }] });
    const body = JSON.parse(await textOf(request)) as Body;
    requests.push(body);
    if (body.echo && logProb) return send(200, echoed(body, logProb));
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

/** Words with the white space before them are the tokens; one more is written. */
function echoed(body: Body, logProb: (word: string, body: Body) => number): object {
  const words = [...body.prompt!.matchAll(/\s*\S+/gu)];
  const logprobs = {
    tokens: [...words.map(([word]) => word), '!'],
    token_logprobs: [null, ...words.slice(1).map(([word]) => logProb(word, body)), -9],
    text_offset: [...words.map(({ index }) => [...body.prompt!.slice(0, index)].length), [...body.prompt!].length],
  };
  const choices = [{ index: 0, text: `${body.prompt}!`, finish_reason: 'length', logprobs }];
  return { choices, usage: { prompt_tokens: words.length, completion_tokens: 1 } };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
