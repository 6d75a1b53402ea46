/** `/openapi.json` (OpenAPI 3.1), made from the schemas that requests are read with and answers are tested against. */
import { z } from 'zod';
import { version } from '../../support/version.ts';
import type { Endpoint } from './call.ts';
import { ENDPOINTS } from './endpoints/all.ts';
import { chatCompletion, chatCompletionChunk } from './schemas/answers/chat.ts';
import { completion, completionChunk } from './schemas/answers/completions.ts';
import { errorAnswer, health, modelAnswer, modelDeleted, modelList } from './schemas/answers/models.ts';
import { response, responseEvent } from './schemas/answers/responses.ts';
import * as tasks from './schemas/answers/tasks.ts';
import { loadSchema } from './schemas/models.ts';

/** Answers by the names that generated clients give to their types. */
const ANSWERS: Record<string, z.ZodType> = {
  Error: errorAnswer,
  ChatCompletion: chatCompletion,
  ChatCompletionChunk: chatCompletionChunk,
  Completion: completion,
  CompletionChunk: completionChunk,
  Response: response,
  ResponseStreamEvent: responseEvent,
  EmbeddingList: tasks.embeddingList,
  Classification: tasks.classification,
  Ranking: tasks.ranking,
  FilledMasks: tasks.filledMasks,
  Rewriting: tasks.rewriting,
  RewritingChunk: tasks.rewritingChunk,
  ExtractedAnswers: tasks.extractedAnswers,
  Tokenization: tasks.tokenization,
  Detokenization: tasks.detokenization,
  Model: modelAnswer,
  ModelList: modelList,
  ModelDeleted: modelDeleted,
  Health: health,
};

const nameOf = (answer: z.ZodType): string => Object.keys(ANSWERS).find(name => ANSWERS[name] === answer)!;
const reference = (answer: z.ZodType): object => ({ $ref: `#/components/schemas/${nameOf(answer)}` });

const json = (schema: object) => ({ 'application/json': { schema } });
const failed = { description: 'an error', content: json(reference(errorAnswer)) };
const done = (answer: z.ZodType) => ({ description: 'done', content: json(reference(answer)) });

/** A stream is events whose `data` follows the schema, and `[DONE]`. */
function answersOf({ answer, streamed }: Pick<Endpoint, 'answer' | 'streamed'>): object {
  const events = streamed && { 'text/event-stream': { schema: reference(streamed) } };
  return { '200': { ...done(answer), content: { ...json(reference(answer)), ...events } }, default: failed };
}

const post = (summary: string, schema: z.ZodObject, responses: object) => ({
  summary,
  requestBody: { required: true, content: json(schemaOf(schema)) },
  responses,
});

const get = (summary: string, answer: z.ZodType, parameters: object[] = []) => ({
  summary,
  ...(parameters.length > 0 ? { parameters } : {}),
  responses: { '200': done(answer), default: failed },
});

function schemaOf(schema: z.ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}

const modelId = { name: 'id', in: 'path', required: true, schema: { type: 'string' } };
const text = { description: 'done', content: { 'text/plain': { schema: { type: 'string' } } } };

export function openapi(): object {
  const load = { '201': done(modelAnswer), default: failed };
  return {
    openapi: '3.1.0',
    info: { title: 'tslm', version, description: 'Language models behind the API of OpenAI.' },
    paths: {
      ...Object.fromEntries(
        ENDPOINTS.map(({ path, summary, schema, ...answers }) => [
          path,
          { post: post(summary, schema, answersOf(answers)) },
        ]),
      ),
      '/v1/models': {
        get: get('the models there are', modelList),
        post: post('loads a model or an adapter', loadSchema, load),
      },
      '/v1/models/{id}': {
        get: get('one model', modelAnswer, [modelId]),
        delete: get('unloads a model or an adapter', modelDeleted, [modelId]),
      },
      '/health': { get: get('whether every model is loaded', health) },
      '/metrics': { get: { summary: 'what Prometheus reads', responses: { '200': text, default: failed } } },
    },
    components: {
      schemas: Object.fromEntries(Object.entries(ANSWERS).map(([name, answer]) => [name, schemaOf(answer)])),
      securitySchemes: { key: { type: 'http', scheme: 'bearer' } },
    },
    security: [{ key: [] }, {}],
  };
}
