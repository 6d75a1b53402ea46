/** What `tslm evaluate --output`, or lm-evaluation-harness, wrote of a model: results, and a line for each document. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { namingFile, UserError, usageError } from '../../support/errors.ts';
import { readJson } from '../../support/files.ts';
import { AGGREGATIONS } from '../harness/aggregations.ts';
import { sanitized } from '../harness/results.ts';
import { defaultsOf } from '../harness/task-metrics.ts';

export interface RecordedSample {
  docId: number;
  doc: unknown;
  hashes: { doc: string; prompt: string; target: string };
  /** By metric: a number, or what its aggregation takes. */
  scores: Readonly<Record<string, unknown>>;
}

export interface RecordedMetric {
  name: string;
  filter: string;
  aggregation: string;
  higherIsBetter: boolean;
  samples: readonly RecordedSample[];
}

export interface RecordedRun {
  /** What was evaluated, as the results call it. */
  model: string;
  /** The results file. */
  path: string;
  /** By task, in the order of the results. */
  tasks: ReadonlyMap<string, readonly RecordedMetric[]>;
}

interface Results {
  configs?: Record<string, { metric_list?: { metric: string; aggregation?: unknown; higher_is_better?: boolean }[] }>;
  higher_is_better?: Record<string, Record<string, boolean | null>>;
  model_name?: string;
}

/**
 * @param path of a results file, of its folder, or of the folder above; the latest results of a folder count
 * @throws UserError when there are no results, or no samples beside them
 */
export function readRecordedRun(path: string): RecordedRun {
  const file = resultsFileOf(path);
  const json = readJson(file) as Results;
  if (typeof json?.configs !== 'object' || json.configs === null) {
    throw usageError('TSLM_NO_RESULTS', `${file}: these are no results of an evaluation`, HINT);
  }
  const time = basename(file).match(/^results_(.*)\.json$/)?.[1] ?? '';
  const tasks = Object.entries(json.configs).map(([task, config]) => {
    const samples = join(dirname(file), `samples_${sanitized(task)}_${time}.jsonl`);
    if (!existsSync(samples)) {
      throw new UserError('TSLM_NO_SAMPLES', `${samples}: the answers to '${task}' are not there`, {
        hint: 'evaluate with --output (lm_eval: with --log_samples): models are compared document by document',
      });
    }
    const of = (metric: string) => {
      const said = config.metric_list?.find(entry => entry.metric === metric);
      const better = said?.higher_is_better ?? json.higher_is_better?.[task]?.[metric];
      const usual = defaultsOf(metric);
      const named = typeof said?.aggregation === 'string' ? said.aggregation : undefined;
      return {
        aggregation: named ?? usual?.aggregation ?? 'mean',
        higherIsBetter: better ?? usual?.higherIsBetter ?? true,
      };
    };
    return [task, metricsIn(samples, of)] as const;
  });
  return { model: json.model_name ?? basename(dirname(file)), path: file, tasks: new Map(tasks) };
}

const HINT = 'give a folder that `tslm evaluate --output` wrote, or its results_….json';

function resultsFileOf(path: string): string {
  if (!existsSync(path))
    throw new UserError('TSLM_ENOENT', `${path}: no such file or folder`, { hint: HINT, exitCode: 2 });
  if (statSync(path).isFile()) return path;
  const latestIn = (folder: string): string | undefined =>
    namingFile(folder, () => readdirSync(folder))
      .filter(name => /^results_.*\.json$/.test(name))
      .sort()
      .at(-1);
  const own = latestIn(path);
  if (own !== undefined) return join(path, own);
  const below = readdirSync(path, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .flatMap(({ name }) => {
      const found = latestIn(join(path, name));
      return found === undefined ? [] : [join(path, name, found)];
    });
  if (below.length === 1) return below[0];
  if (below.length === 0) throw usageError('TSLM_NO_RESULTS', `${path}: there is no results_….json`, HINT);
  throw usageError(
    'TSLM_SEVERAL_RESULTS',
    `${path}: there are results of ${below.length} models`,
    `give one: ${below.map(file => dirname(file)).join(', ')}`,
  );
}

type Facts = Pick<RecordedMetric, 'aggregation' | 'higherIsBetter'>;

/** A metric of each filter, in the order of the lines. */
function metricsIn(path: string, of: (metric: string) => Facts): RecordedMetric[] {
  const lines = namingFile(path, () => readFileSync(path, 'utf8')).split('\n');
  const found = new Map<string, RecordedMetric & { samples: RecordedSample[] }>();
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const sample = parseLine(line, `${path}:${i + 1}`);
    const { doc_id: docId, doc, doc_hash, prompt_hash, target_hash, filter = 'none', metrics } = sample;
    const names = (metrics as string[] | undefined) ?? Object.keys(sample).filter(key => defaultsOf(key));
    const hashes = { doc: String(doc_hash), prompt: String(prompt_hash), target: String(target_hash) };
    for (const name of names) {
      const key = `${name},${filter}`;
      const facts = of(name);
      if (!Object.hasOwn(AGGREGATIONS, facts.aggregation)) continue; // made by Python code that is not here
      const metric = found.get(key) ?? { name, filter: String(filter), ...facts, samples: [] };
      found.set(key, metric);
      metric.samples.push({ docId: Number(docId), doc, hashes, scores: { [name]: numbersIn(sample[name], name) } });
    }
  }
  return [...found.values()];
}

/** lm-evaluation-harness writes probabilities as NumPy prints an array: `[0.25 0.75]`. */
const numbersIn = (value: unknown, metric: string): unknown =>
  metric === 'brier_score' && Array.isArray(value) && typeof value[1] === 'string'
    ? [value[0], (value[1].match(/[-+\d.e]+/g) ?? []).map(Number)]
    : value;

function parseLine(line: string, where: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && 'doc_id' in value && 'doc_hash' in value) {
      return value as Record<string, unknown>;
    }
  } catch {
    // Said below.
  }
  throw new UserError('TSLM_BAD_SAMPLES', `${where}: not a line of samples`, {
    hint: 'the file may be cut off: evaluate again, with --use-cache only what is missing',
  });
}
