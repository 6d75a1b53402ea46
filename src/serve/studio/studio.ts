/** The studio: its page at `/`, and under `/studio/api` what the page asks beyond OpenAI's endpoints. */
import { join } from 'node:path';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { ModelPool } from '../../engine/protocol.ts';
import type { LearningService } from '../../online/service.ts';
import { UserError } from '../../support/errors.ts';
import { explainShortage } from '../../support/memory-errors.ts';
import { root } from '../../support/root.ts';
import { parseOptions } from '../../support/schema.ts';
import { STATUSES } from '../http/errors.ts';
import type { ApiError } from './api.ts';
import { assetRoutes } from './assets.ts';
import { packAttention } from './attention-message.ts';
import { comparedSamples, compareEvaluations, summarizeEvaluation } from './evaluations.ts';
import { bodyOf, eventsOf, jsonOf } from './exchange.ts';
import type { Jobs } from './jobs/jobs.ts';
import { jobRoutes } from './jobs/routes.ts';
import { describeLearning } from './learning-detail.ts';
import { readMetricsTail } from './metrics-tail.ts';
import { describeLoaded } from './model-detail.ts';
import { reason, reasoningSchema, strategyInfos } from './reasoning.ts';
import { recipeDifferences } from './recipe-differences.ts';
import { findResults, type ResultFile, requireResult } from './result-folders.ts';
import { describeRun } from './run-detail.ts';
import { fileOf, findRuns, requireRun } from './run-folders.ts';
import { readRecord, type SummaryCache, summarizeRun } from './run-summary.ts';
import { summarizeSelection } from './selections.ts';
import { describeSweep, summarizeSweep } from './sweeps.ts';

export interface StudioOptions {
  pool: ModelPool;
  /** Folders of runs, and folders of folders of runs. Default `runs`. */
  runs?: readonly string[];
  /** Folders of evaluations, sweeps and selections, beside those that lie among the runs. Default `results`, `sweeps`, `selection`. */
  results?: readonly string[];
  /** Of a server that learns. */
  learning?: LearningService;
  /** Of a server that may start commands. */
  jobs?: Jobs;
  /** The server asks for keys. Default false. */
  isGuarded?: boolean;
  /** Folder of the built page. Default `dist/studio` of the package. */
  assets?: string;
}

/** Characters of a sentence to look inside: maps grow with its square. */
const LONGEST = 4000;

const text = z.string().min(1, 'give a sentence').max(LONGEST, `at most ${LONGEST} characters`);
const attentionSchema = z.strictObject({ model: z.string(), text, target: text.optional() });
const layersSchema = z.strictObject({ model: z.string(), text, topK: z.int().min(1).max(50).optional() });
const afterSchema = z.coerce.number().int('a whole number of bytes').min(0);

const bothSchema = z.strictObject({ a: z.string(), b: z.string() });
const samplesSchema = z.strictObject({
  task: z.string(),
  metric: z.string(),
  filter: z.string().default('none'),
  kind: z.enum(['a', 'b', 'both', 'neither']).default('a'),
  offset: afterSchema.default(0),
});

/** Routes to be mounted at `/`. What they do not know falls through to the routes after them. */
export function createStudio({
  pool,
  runs = ['runs'],
  results = ['results', 'sweeps', 'selection'],
  assets = join(root, 'dist', 'studio'),
  learning,
  jobs,
  isGuarded = false,
}: StudioOptions): Hono {
  const app = new Hono();
  const summaries: SummaryCache = new Map();
  const api = new Hono();

  api.use(async (c, next) => {
    await next();
    c.header('cache-control', 'no-store');
    c.header('x-content-type-options', 'nosniff');
  });

  api.get('/runs', () => jsonOf(findRuns(runs).map(run => summarizeRun(run, summaries))));
  api.get('/runs/:id', c => {
    const run = requireRun(runs, c.req.param('id'));
    return jsonOf(describeRun(run, findRuns(runs), summaries));
  });
  api.get('/runs/:id/metrics', c => {
    const file = fileOf(requireRun(runs, c.req.param('id')), 'metrics.jsonl');
    const after = parseOptions(afterSchema, c.req.query('after') ?? '0', 'after');
    return jsonOf(
      file === undefined ? { rows: [], next: 0, restarted: after > 0, hasMore: false } : readMetricsTail(file, after),
    );
  });
  api.get('/differences', c => {
    const chosen = (c.req.queries('run') ?? []).map(id => requireRun(runs, id));
    return jsonOf(recipeDifferences(chosen.map(run => [run.id, readRecord(run).recipe] as const)));
  });

  const places = [...results, ...runs];
  api.get('/evaluations', () => jsonOf(findResults(places, 'evaluation').map(summarizeEvaluation)));
  const bothOf = (c: Context): [ResultFile, ResultFile] => {
    const { a, b } = parseOptions(bothSchema, { a: c.req.query('a'), b: c.req.query('b') }, 'request');
    return [requireResult(places, 'evaluation', a), requireResult(places, 'evaluation', b)];
  };
  api.get('/comparison', c => jsonOf(compareEvaluations(...bothOf(c))));
  api.get('/comparison/samples', c => {
    const { a: _, b: __, ...asked } = c.req.query();
    return jsonOf(comparedSamples(bothOf(c), parseOptions(samplesSchema, asked, 'request')));
  });
  api.get('/sweeps', () => jsonOf(findResults(places, 'sweep').map(summarizeSweep)));
  api.get('/sweeps/:id', c => jsonOf(describeSweep(requireResult(places, 'sweep', c.req.param('id')))));
  api.get('/selections', () => jsonOf(findResults(places, 'selection').map(summarizeSelection)));

  api.get('/models', () => jsonOf(pool.list()));
  api.get('/models/:id', async c => jsonOf(await describeLoaded(pool, c.req.param('id'))));

  api.get('/learning', () => jsonOf(learning ? describeLearning(learning) : null));

  api.post('/inspect/attention', async c => {
    const { model, ...input } = parseOptions(attentionSchema, await bodyOf(c.req.raw), 'request');
    const maps = await pool.find(model).engine.call('inspectAttention', input, c.req.raw.signal);
    return c.body(packAttention(maps), 200, { 'content-type': 'application/octet-stream' });
  });
  api.post('/inspect/layers', async c => {
    const { model, ...input } = parseOptions(layersSchema, await bodyOf(c.req.raw), 'request');
    return jsonOf(await pool.find(model).engine.call('inspectLayers', input, c.req.raw.signal));
  });

  api.get('/strategies', () => jsonOf(strategyInfos()));
  api.post('/reason', async c => {
    const events = reason(pool, parseOptions(reasoningSchema, await bodyOf(c.req.raw), 'request'));
    return eventsOf(events, c.req.raw.signal);
  });

  api.route('/', jobRoutes({ jobs, runs, isGuarded }));

  api.onError(answerOf);
  app.route('/studio/api', api);
  app.route('/', assetRoutes(assets));
  return app;
}

/** What a person can act on is told; everything else goes on to whoever mounted the studio, and into the log. */
function answerOf(error: unknown): Response {
  const known = explainShortage(error);
  if (!(known instanceof UserError)) throw error;
  const { code, message, hint } = known;
  const status = STATUSES[code] ?? (code.endsWith('_NOT_FOUND') ? 404 : 400);
  const body: ApiError = { error: { message, type: 'invalid_request_error', code, hint } };
  return jsonOf(body, status);
}
