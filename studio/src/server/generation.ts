/** Chat and completion with OpenAI's endpoints, streamed. */
import { type Mode, PATHS } from './endpoints.ts';
import { connectionLost, request, ServerError } from './request.ts';
import { eventsOf } from './sse.ts';
import { type Piece, pieceMaker, type ReportedToken, type ReportedTokens, reportedTokens } from './tokens.ts';

export type GenerationEvent =
  | { type: 'id'; id: string }
  | { type: 'text'; text: string; pieces: Piece[] }
  /** Of a function that the model wants called: with an id where it begins, then more of its arguments. */
  | { type: 'call'; index: number; id?: string; name?: string; arguments: string }
  | { type: 'finish'; reason: string }
  | { type: 'usage'; promptTokens: number; completionTokens: number };

interface Chunk {
  id?: string;
  choices?: {
    delta?: {
      content?: string | null;
      tool_calls?: { index: number; id?: string; function?: { name?: string; arguments?: string } }[];
    };
    text?: string;
    logprobs?: ({ content?: ReportedToken[] | null } & Partial<ReportedTokens>) | null;
    finish_reason?: string | null;
  }[];
  usage?: { prompt_tokens: number; completion_tokens: number } | null;
  error?: { message: string; code?: string | null };
}

/**
 * @param body of the request, `stream` set
 * @throws ServerError when the server refuses, or is gone before the end
 */
export async function* generate(mode: Mode, body: object, signal: AbortSignal): AsyncGenerator<GenerationEvent> {
  const response = await request(PATHS[mode], { method: 'POST', body, signal });
  const toPiece = pieceMaker();
  let isNamed = false;
  try {
    for await (const data of eventsOf(response.body!)) {
      if (data === '[DONE]') return;
      const chunk = JSON.parse(data) as Chunk;
      if (chunk.id !== undefined && !isNamed) yield { type: 'id', id: chunk.id };
      isNamed = true;
      yield* readChunk(chunk, toPiece);
    }
  } catch (error) {
    // What a broken stream throws.
    if (signal.aborted || !(error instanceof TypeError)) throw error;
  }
  throw connectionLost();
}

function* readChunk(
  { choices = [], usage, error }: Chunk,
  toPiece: (token: ReportedToken) => Piece,
): Generator<GenerationEvent> {
  if (error) throw new ServerError({ status: 200, code: error.code ?? 'error', message: error.message });
  for (const { delta, text, logprobs, finish_reason: reason } of choices) {
    const said = delta?.content ?? text ?? '';
    const tokens = logprobs?.content ?? (logprobs?.tokens ? reportedTokens(logprobs as ReportedTokens) : []);
    if (said !== '' || tokens.length > 0) yield { type: 'text', text: said, pieces: tokens.map(toPiece) };
    for (const { index, id, function: called } of delta?.tool_calls ?? []) {
      yield { type: 'call', index, id, name: called?.name, arguments: called?.arguments ?? '' };
    }
    if (reason) yield { type: 'finish', reason };
  }
  if (usage) yield { type: 'usage', promptTokens: usage.prompt_tokens, completionTokens: usage.completion_tokens };
}

/**
 * How long a question is that did not fit, and its last message alone, in tokens.
 *
 * @param body of the request
 */
export async function countTokens(
  mode: Mode,
  { model, messages, prompt, tools }: { model: string; messages?: unknown; prompt?: unknown; tools?: unknown },
): Promise<{ all: number; last?: number; context: number } | undefined> {
  const count = async (body: object): Promise<{ count: number; max_model_len: number | null }> =>
    (await request('/tokenize', { method: 'POST', body: { model, ...body } })).json();
  const all = await count(mode === 'chat' ? { messages, tools } : { prompt });
  if (all.max_model_len === null) return undefined;
  const last = mode === 'chat' ? (messages as { content: string }[]).at(-1)?.content : undefined;
  return {
    all: all.count,
    context: all.max_model_len,
    ...(last && { last: (await count({ prompt: last, add_special_tokens: false })).count }),
  };
}
