/** The server's routes, and what every request goes through on its way to them. Needs no socket: `app.request` will do. */
import { Hono, type MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { ModelPool } from '../../engine/protocol.ts';
import { RequestError } from '../../engine/request-error.ts';
import type { LearningService } from '../../online/service.ts';
import type { Upstream } from '../upstream.ts';
import { readBody } from './body.ts';
import { findModel, ownedBy } from './call.ts';
import { ENDPOINTS } from './endpoints/all.ts';
import { feedbackRoutes } from './endpoints/feedback.ts';
import { describeModel, listModels, modelObject } from './endpoints/models.ts';
import { answerOf, type ParameterNames } from './errors.ts';
import { cors, hostGuard, keyGuard, originGuard, requireAdmin } from './guard.ts';
import { healthOf } from './health.ts';
import type { Keys } from './keys/key-file.ts';
import { createLimiter } from './keys/limiter.ts';
import { followLearning } from './learning.ts';
import { type Logger, silentLogger } from './log.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { openapi } from './openapi.ts';
import { readParameters } from './parameters.ts';
import { loadSchema } from './schemas/models.ts';
import { addressOf, type Env, newId, startWork } from './work.ts';

export interface AppOptions {
  pool: ModelPool;
  /** Who may ask; default everybody. */
  keys?: Keys;
  /** Other servers, whose models are asked for by name. */
  upstreams?: readonly Upstream[];
  limits?: {
    /** Bytes of a request's body. Default 8 MiB. */
    maxBodyBytes?: number;
    /** Milliseconds that a request may take. Default ten minutes. */
    timeoutMs?: number;
  };
  /** Origins of pages that may ask, `*` for all. Default none but the server's own. */
  cors?: readonly string[];
  /** Names in `Host` that are answered; default all. Servers on loopback give `LOOPBACK_HOSTS`. */
  hosts?: readonly string[];
  /** Default: none. */
  logger?: Logger;
  /** Lines of the log that could not be written, for `/metrics`. */
  droppedLogLines?: () => number;
  /** Whether bodies of requests are logged. Default false. */
  logPrompts?: boolean;
  metrics?: Metrics;
  /** Keeps answers, and what people say of them. Default: nothing is kept. */
  learning?: LearningService;
  /** Routes of the web page; they come last. What lies under `/studio/api` needs a key as the rest does. */
  studio?: Hono;
}

/** OpenAI's API over a pool of models, as a Hono app. */
export function createApp(options: AppOptions): Hono<Env> {
  const { pool, keys, upstreams = [], limits = {}, cors: origins = [], hosts, studio, learning } = options;
  const { maxBodyBytes = 8 * 2 ** 20, timeoutMs = 600_000 } = limits;
  const { metrics = createMetrics(), logger = silentLogger(), logPrompts = false } = options;
  const app = new Hono<Env>();

  app.use(observe(metrics, logger, timeoutMs));
  if (hosts) app.use(hostGuard(hosts));
  if (origins.length > 0) app.use(cors(origins));
  app.use(originGuard(origins));

  app.get('/health', () => healthOf(pool, keys));
  app.get('/openapi.json', c => c.json(openapi()));

  if (keys)
    for (const path of ['/v1/*', '/tokenize', '/detokenize', '/metrics', '/studio/api/*'])
      app.use(path, keyGuard(keys));
  const limiter = createLimiter();
  for (const { path } of ENDPOINTS) app.post(path, limit(limiter));

  app.get('/metrics', async c => {
    const { text, type } = await metrics.print(pool, options.droppedLogLines?.(), learning?.figures());
    return c.body(text, 200, { 'content-type': type });
  });
  app.get('/v1/models', c => {
    requireLoaded(pool);
    return c.json(listModels(pool));
  });
  app.get('/v1/models/:id{.+}', c => c.json(describeModel(pool, c.req.param('id'))));
  app.post('/v1/models', async c => {
    requireAdmin(c, keys !== undefined);
    const card = await pool.load(readParameters(loadSchema, (await readBody(c, maxBodyBytes)).body));
    return c.json(modelObject(card), 201);
  });
  app.delete('/v1/models/:id{.+}', async c => {
    requireAdmin(c, keys !== undefined);
    const id = c.req.param('id');
    await pool.unload(id);
    return c.json({ id, object: 'model', deleted: true });
  });

  for (const endpoint of ENDPOINTS) {
    app.post(endpoint.path, async c => {
      const work = c.get('work');
      const { text, body } = await readBody(c, maxBodyBytes);
      if (logPrompts) logger.info({ id: work.id, body }, 'prompt');
      const name = (body as { model?: unknown } | null)?.model;
      const upstream = typeof name === 'string' ? upstreams.find(one => one.has(name)) : undefined;
      if (upstream) {
        work.model = name as string;
        return upstream.forward(endpoint.path, text, work);
      }
      const read = readParameters(endpoint.schema, body);
      requireLoaded(pool);
      const { hold, ...found } = findModel(pool, read.model as string | undefined, endpoint.ability);
      work.model = found.model;
      work.names.input = endpoint.input;
      if (endpoint.answers !== undefined) work.answer = newId(endpoint.answers);
      const owner = { client: work.holder?.name ?? addressOf(c), request: work.id };
      const learnt =
        learning && followLearning({ learning, pool, endpoint, body: read, found, work, client: owner.client });
      const { engine, ...answering } = { ...found, ...learnt };
      work.release = (learnt?.hold ?? hold)();
      return endpoint.handle({ ...answering, engine: ownedBy(engine, owner), body: read, work, metrics });
    });
  }

  if (learning) app.route('/', feedbackRoutes(learning, { maxBodyBytes, isGuarded: keys !== undefined }));
  if (studio) app.route('/', studio);
  app.notFound(c => {
    const known = [...ENDPOINTS.map(({ path }) => path), '/v1/models'];
    const error = known.includes(c.req.path)
      ? new RequestError('TSLM_METHOD_NOT_ALLOWED', `${c.req.path} does not take ${c.req.method}`, { hint: 'use POST' })
      : new RequestError('TSLM_NOT_FOUND', `there is no ${c.req.method} ${c.req.path}`, {
          hint: '/openapi.json lists what there is',
        });
    return respond(error);
  });
  app.onError((error, c) => {
    const work = c.get('work');
    if (work) work.error = error;
    return respond(work?.signal.aborted ? work.signal.reason : error, work?.names);
  });
  return app;
}

function requireLoaded(pool: ModelPool): void {
  if (pool.isReady || pool.list().length > 0) return;
  throw new RequestError('TSLM_LOADING', 'the models are being loaded', { hint: 'try again in a moment' });
}

function respond(error: unknown, names?: ParameterNames): Response {
  const { status, body, headers } = answerOf(error, names);
  return Response.json(body, { status, headers });
}

/** Gives the request its work, and when all of its answer has been sent, tells those who count. */
const observe =
  (metrics: Metrics, logger: Logger, timeoutMs: number): MiddlewareHandler<Env> =>
  async (c, next) => {
    const began = performance.now();
    const { work, end } = startWork(c.req.raw.signal, timeoutMs);
    c.set('work', work);
    await next();
    c.header('x-request-id', work.id);
    const { status } = c.res;
    const path = routePath(c, -1);
    const finish = (): void => {
      end();
      work.release?.();
      const { id, answer, model, holder, promptTokens, completionTokens, error } = work;
      const milliseconds = performance.now() - began;
      metrics.request({ endpoint: path.includes('*') ? 'other' : path, status, seconds: milliseconds / 1000 });
      if (model !== undefined && promptTokens + completionTokens > 0) metrics.tokens(model, work);
      const line = {
        id,
        answer,
        method: c.req.method,
        path: c.req.path,
        status,
        ms: Math.round(milliseconds),
        model,
        key: holder?.name,
      };
      const failure = error === undefined ? undefined : answerOf(error);
      const isServers =
        failure !== undefined && failure.status >= 500 && failure.body.error.code !== 'TSLM_SHUTTING_DOWN';
      if (failure === undefined || isServers)
        work.ended?.({ failed: isServers, milliseconds, tokens: completionTokens });
      const details = failure?.status === 500 ? { err: error } : failure ? { code: failure.body.error.code } : {};
      logger[failure?.status === 500 ? 'error' : 'info'](
        { ...line, promptTokens, completionTokens, ...details },
        'request',
      );
    };
    if (work.body) void work.body.then(finish);
    else finish();
  };

/** What the key of a request allows; its tokens are counted at the end. */
const limit =
  (limiter: ReturnType<typeof createLimiter>): MiddlewareHandler<Env> =>
  async (c, next) => {
    const work = c.get('work');
    if (!work.holder) return next();
    const leave = limiter.admit(work.holder);
    const finish = (): void => leave(work.promptTokens + work.completionTokens);
    await next();
    if (work.body) void work.body.then(finish);
    else finish();
  };
