/** `/openapi.json` (OpenAPI 3.1), made from the schemas that requests are read with. */
import { z } from 'zod';
import { version } from '../../support/version.ts';
import { ENDPOINTS } from './endpoints/all.ts';
import { loadSchema } from './schemas/models.ts';

const errorSchema = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
});

const json = (schema: object) => ({ content: { 'application/json': { schema } } });
const ok = { description: 'done', ...json({ type: 'object' }) };
const failed = { description: 'an error', ...json({ $ref: '#/components/schemas/Error' }) };

const post = (summary: string, schema: z.ZodObject) => ({
  summary,
  requestBody: { required: true, ...json(bodySchema(schema)) },
  responses: { '200': ok, default: failed },
});

const get = (summary: string, parameters: object[] = []) => ({
  summary,
  ...(parameters.length > 0 ? { parameters } : {}),
  responses: { '200': ok, default: failed },
});

function bodySchema(schema: z.ZodObject): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}

const modelId = { name: 'id', in: 'path', required: true, schema: { type: 'string' } };

export function openapi(): object {
  return {
    openapi: '3.1.0',
    info: { title: 'tslm', version, description: 'Language models behind the API of OpenAI.' },
    paths: {
      ...Object.fromEntries(ENDPOINTS.map(({ path, summary, schema }) => [path, { post: post(summary, schema) }])),
      '/v1/models': { get: get('the models there are'), post: post('loads a model or an adapter', loadSchema) },
      '/v1/models/{id}': {
        get: get('one model', [modelId]),
        delete: { ...get('unloads a model or an adapter', [modelId]) },
      },
      '/health': { get: get('whether every model is loaded') },
      '/metrics': { get: get('what Prometheus reads') },
    },
    components: {
      schemas: { Error: bodySchema(errorSchema) },
      securitySchemes: { key: { type: 'http', scheme: 'bearer' } },
    },
    security: [{ key: [] }, {}],
  };
}
