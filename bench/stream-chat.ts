/** One streamed answer of an OpenAI-compatible server (`/v1/chat/completions`), with the time of each piece of it. */

export interface Server {
  /** `http://127.0.0.1:8080` */
  url: string;
  model: string;
  key?: string;
  /** Put into every request. */
  extra: Record<string, unknown>;
}

export interface Answer {
  text: string;
  /** Milliseconds from the request to each piece of text. */
  pieces: number[];
  /** Milliseconds to the end. */
  total: number;
  promptTokens: number;
  completionTokens: number;
}

/** @throws Error with what the server says, when it is no answer or does not end as a stream must */
export async function streamChat(server: Server, prompt: string, maxTokens: number): Promise<Answer> {
  const begin = performance.now();
  const stream = { stream: true, stream_options: { include_usage: true } };
  const response = await request(server, prompt, { max_tokens: maxTokens, ...stream });
  const answer: Answer = { text: '', pieces: [], total: 0, promptTokens: 0, completionTokens: 0 };
  let isDone = false;
  for await (const data of eventsOf(response.body!)) {
    if (data === '[DONE]') {
      isDone = true;
      continue;
    }
    const { choices, usage, error } = JSON.parse(data) as Chunk;
    if (error) throw new Error(JSON.stringify(error));
    const text = choices[0]?.delta.content;
    if (text) {
      answer.text += text;
      answer.pieces.push(performance.now() - begin);
    }
    if (usage) [answer.promptTokens, answer.completionTokens] = [usage.prompt_tokens, usage.completion_tokens];
  }
  if (!isDone) throw new Error('the stream ended without [DONE]');
  if (answer.pieces.length === 0) throw new Error('the answer has no text: its tokens write none');
  return { ...answer, total: performance.now() - begin };
}

/** Tells when each piece of a stream comes, until it ends or is aborted. */
export async function streamTimes(
  server: Server,
  prompt: string,
  { signal, onPiece }: { signal: AbortSignal; onPiece: (at: number) => void },
): Promise<void> {
  const response = await request(server, prompt, { stream: true }, signal);
  try {
    for await (const data of eventsOf(response.body!)) {
      if (data !== '[DONE]' && (JSON.parse(data) as Chunk).choices[0]?.delta.content) onPiece(performance.now());
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function request({ url, model, key, extra }: Server, prompt: string, more: object, signal?: AbortSignal) {
  const response = await fetch(new URL('/v1/chat/completions', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }) },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: prompt }], temperature: 0, ...more, ...extra }),
    signal,
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return response;
}

interface Chunk {
  choices: { delta: { content?: string | null } }[];
  usage?: { prompt_tokens: number; completion_tokens: number } | null;
  error?: unknown;
}

/** The data of server-sent events; comments are left out. */
async function* eventsOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of body) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop()!;
    for (const line of lines) if (line.startsWith('data:')) yield line.slice(5).trim();
  }
}
