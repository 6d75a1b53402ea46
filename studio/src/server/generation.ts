/** Chat and completion with OpenAI's endpoints, streamed. */
import { type Mode, PATHS } from './endpoints.ts';
import { connectionLost, request } from './request.ts';
import { eventsOf } from './sse.ts';
import { type Piece, pieceMaker, type ReportedToken, type ReportedTokens, reportedTokens } from './tokens.ts';

export type GenerationEvent =
  | { type: 'text'; text: string; pieces: Piece[] }
  | { type: 'finish'; reason: string }
  | { type: 'usage'; promptTokens: number; completionTokens: number };

interface Chunk {
  choices?: {
    delta?: { content?: string | null };
    text?: string;
    logprobs?: ({ content?: ReportedToken[] | null } & Partial<ReportedTokens>) | null;
    finish_reason?: string | null;
  }[];
  usage?: { prompt_tokens: number; completion_tokens: number } | null;
  error?: { message: string };
}

/**
 * @param body of the request, `stream` set
 * @throws ServerError when the server refuses, or is gone before the end
 */
export async function* generate(mode: Mode, body: object, signal: AbortSignal): AsyncGenerator<GenerationEvent> {
  const response = await request(PATHS[mode], { method: 'POST', body, signal });
  const toPiece = pieceMaker();
  try {
    for await (const data of eventsOf(response.body!)) {
      if (data === '[DONE]') return;
      yield* readChunk(JSON.parse(data) as Chunk, toPiece);
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
  if (error) throw new Error(error.message);
  for (const { delta, text, logprobs, finish_reason: reason } of choices) {
    const said = delta?.content ?? text ?? '';
    const tokens = logprobs?.content ?? (logprobs?.tokens ? reportedTokens(logprobs as ReportedTokens) : []);
    if (said !== '' || tokens.length > 0) yield { type: 'text', text: said, pieces: tokens.map(toPiece) };
    if (reason) yield { type: 'finish', reason };
  }
  if (usage) yield { type: 'usage', promptTokens: usage.prompt_tokens, completionTokens: usage.completion_tokens };
}
