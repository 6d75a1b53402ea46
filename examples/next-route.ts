/** app/api/generate/route.ts of a Next.js project: the model is opened once and streams to every request. */
import { type OpenModel, open } from 'tslm';

let model: Promise<OpenModel> | undefined;

export async function POST(request: Request): Promise<Response> {
  model ??= open('runs/mine');
  const { prompt } = (await request.json()) as { prompt: string };
  const stream = (await model).stream(prompt, { maxTokens: 64, signal: request.signal });
  try {
    await stream.started;
  } catch (error) {
    return Response.json({ error: (error as Error).message }, { status: 400 });
  }
  return new Response(stream.toReadable(), { headers: { 'content-type': 'text/plain; charset=utf-8' } });
}
