/** `POST /v1/embeddings` (OpenAI, Embeddings). */
import type { TextInput } from '../../../engine/protocol.ts';
import { endpoint } from '../call.ts';
import { badParameter } from '../parameters.ts';
import { embeddingList } from '../schemas/answers/tasks.ts';
import { embeddingsSchema } from '../schemas/embeddings.ts';
import { readingUsage } from '../usage.ts';
import { promptsOf } from './completions.ts';

export const embeddings = endpoint({
  path: '/v1/embeddings',
  summary: 'turns texts into vectors',
  schema: embeddingsSchema,
  answer: embeddingList,
  input: 'input',
  ability: 'embed',
  async handle({ body, model, card, engine, work }) {
    const inputs = promptsOf(body.input, card.vocabularySize).map(
      (one): TextInput => ('ids' in one ? one.ids : one.text),
    );
    if (inputs.some(input => input.length === 0)) throw badParameter('input', 'a text is empty');
    const { vectors, tokens } = await engine.call(
      'embed',
      { inputs, dimensions: body.dimensions, truncate: body.truncate },
      work.signal,
    );
    work.promptTokens += tokens;
    const write = body.encoding_format === 'base64' ? base64Of : (vector: Float32Array) => Array.from(vector);
    return Response.json({
      object: 'list',
      data: vectors.map((vector, index) => ({ object: 'embedding', index, embedding: write(vector) })),
      model,
      usage: readingUsage(tokens),
    });
  },
});

const base64Of = ({ buffer, byteOffset, byteLength }: Float32Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64');
