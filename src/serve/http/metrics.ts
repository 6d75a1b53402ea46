/** What Prometheus reads at `/metrics`, in a registry of the server's own. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { EngineStats, ModelPool } from '../../engine/protocol.ts';
import type { LearningFigure } from '../../online/service.ts';

export interface Metrics {
  /** Stands for one generation: tell it of each piece of text. */
  timeGeneration(model: string): { text(): void };
  request(options: { endpoint: string; status: number; seconds: number }): void;
  tokens(model: string, counts: { promptTokens: number; completionTokens: number }): void;
  /** The text format, and its type. */
  print(
    pool: ModelPool,
    droppedLogLines?: number,
    learning?: readonly LearningFigure[],
  ): Promise<{ text: string; type: string }>;
}

const SHORT = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const LONG = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Name, what it says, and where it comes from. */
const GAUGES: readonly [string, string, (stats: EngineStats) => number][] = [
  ['tslm_requests_waiting', 'Requests that wait for a place in the batch', stats => stats.queued],
  ['tslm_sequences_running', 'Sequences that are decoded now', stats => stats.running],
  ['tslm_cache_used_tokens', 'Tokens in the key-value cache', stats => stats.cacheUsedTokens],
  ['tslm_cache_capacity_tokens', 'Tokens that the key-value cache holds', stats => stats.cacheTokens],
  [
    'tslm_batch_size_mean',
    'Texts in a step, mean since the start',
    stats => (stats.steps === 0 ? 0 : stats.batchSizes / stats.steps),
  ],
  ['tslm_steps', 'Steps since the model was loaded', stats => stats.steps],
  ['tslm_cached_prompt_tokens', 'Prompt tokens found in the cache since the start', stats => stats.cachedTokens],
  ['tslm_tensor_bytes', 'Bytes of tensors alive', stats => stats.tensorBytes],
  ['tslm_constraint_bytes', 'Bytes of compiled constraints, estimated', stats => stats.constraintBytes],
];

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const timeToFirst = new Histogram({
    name: 'tslm_time_to_first_token_seconds',
    help: 'From a generation asked for to its first text',
    labelNames: ['model'],
    buckets: LONG,
    registers,
  });
  const betweenTokens = new Histogram({
    name: 'tslm_time_between_tokens_seconds',
    help: 'Between two pieces of text of one generation',
    labelNames: ['model'],
    buckets: SHORT,
    registers,
  });
  const latency = new Histogram({
    name: 'tslm_request_duration_seconds',
    help: 'From a request to the end of its answer',
    labelNames: ['endpoint'],
    buckets: LONG,
    registers,
  });
  const requests = new Counter({
    name: 'tslm_requests_total',
    help: 'Requests answered',
    labelNames: ['endpoint', 'status'],
    registers,
  });
  const promptTokens = new Counter({
    name: 'tslm_prompt_tokens_total',
    help: 'Tokens read',
    labelNames: ['model'],
    registers,
  });
  const completionTokens = new Counter({
    name: 'tslm_completion_tokens_total',
    help: 'Tokens written',
    labelNames: ['model'],
    registers,
  });
  const gauges = GAUGES.map(([name, help]) => new Gauge({ name, help, labelNames: ['model'], registers }));
  const up = new Gauge({ name: 'tslm_model_up', help: '1 while a model answers', labelNames: ['model'], registers });
  const restarts = new Gauge({
    name: 'tslm_model_restarts',
    help: 'Times that a model was started again after its thread had ended',
    labelNames: ['model'],
    registers,
  });
  const dropped = new Gauge({
    name: 'tslm_log_lines_dropped',
    help: 'Lines of the log that could not be written',
    registers,
  });
  /** Of a service that learns, by name. */
  const learnt = new Map<string, Gauge>();
  return {
    timeGeneration(model) {
      const first = timeToFirst.labels(model);
      const between = betweenTokens.labels(model);
      const begin = performance.now();
      let last: number | undefined;
      return {
        text() {
          const now = performance.now();
          if (last === undefined) first.observe((now - begin) / 1000);
          else between.observe((now - last) / 1000);
          last = now;
        },
      };
    },
    request({ endpoint, status, seconds }) {
      latency.labels(endpoint).observe(seconds);
      requests.labels(endpoint, String(status)).inc();
    },
    tokens(model, counts) {
      promptTokens.labels(model).inc(counts.promptTokens);
      completionTokens.labels(model).inc(counts.completionTokens);
    },
    async print(pool, droppedLogLines = 0, learning = []) {
      for (const gauge of learnt.values()) gauge.reset();
      for (const { name, help, labels, value } of learning) {
        const gauge = learnt.get(name) ?? new Gauge({ name, help, labelNames: Object.keys(labels), registers });
        learnt.set(name, gauge);
        gauge.set(labels, value);
      }
      for (const gauge of [...gauges, up, restarts]) gauge.reset(); // models that have gone
      dropped.set(droppedLogLines);
      for (const state of pool.states()) {
        up.labels(state.id).set(state.isUp ? 1 : 0);
        restarts.labels(state.id).set(state.restarts);
      }
      const models = pool.list().filter(card => card.parent === undefined && card.upstream === undefined);
      for (const { id } of models) {
        const stats = await statsOf(pool, id);
        if (!stats) continue;
        for (const [i, [, , read]] of GAUGES.entries()) gauges[i].labels(id).set(read(stats));
      }
      return { text: await registry.metrics(), type: registry.contentType };
    },
  };
}

/** Undefined of a model that has ended or was unloaded in this moment. */
async function statsOf(pool: ModelPool, id: string): Promise<EngineStats | undefined> {
  try {
    return await pool.find(id).engine.stats();
  } catch {
    return undefined;
  }
}
