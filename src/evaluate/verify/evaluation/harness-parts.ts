/** Parts of the harness beside lm-evaluation-harness's: random numbers, templates, filters, samplers, data, texts, sums. */
import { Float } from '../../../support/jinja/python/from-js.ts';
import { pythonRandom } from '../../../support/python-random.ts';
import { aggregate } from '../../harness/aggregations.ts';
import { parseArguments } from '../../harness/arguments.ts';
import { softmax } from '../../harness/choice-probabilities.ts';
import { type Doc, loadDataset } from '../../harness/datasets.ts';
import { createFilter } from '../../harness/filters.ts';
import { joined } from '../../harness/prompts.ts';
import { literalEval, pythonJson, wrapFloat } from '../../harness/python-literals.ts';
import { normalized } from '../../harness/requests.ts';
import { sanitized } from '../../harness/results.ts';
import { rollingScores } from '../../harness/rolling-scores.ts';
import { createSampler } from '../../harness/samplers.ts';
import { sha256 } from '../../harness/samples.ts';
import { globPattern } from '../../harness/task-library.ts';
import { render } from '../../harness/templates.ts';
import { exactMatch } from '../../metrics/exact-match.ts';
import { cutAt } from '../../models/generate-until.ts';
import { rollingWindows } from '../../models/rolling-windows.ts';
import { mean, pooledError, unweightedError } from '../../statistics/means.ts';
import type { Check } from '../compare.ts';
import { camelKeys, equal, near, refused } from './checks.ts';

// biome-ignore lint/suspicious/noExplicitAny: a recording is read as it is
type Recorded = any;

const WITHIN = { atol: 1e-12, rtol: 1e-9 };

/** What verifies a recording, by what is in it; undefined for another kind of file. */
export function harnessPartOf(json: Recorded): (() => Generator<Check>) | undefined {
  if (json?.aggregations && json?.exact_match) return () => aggregations(json);
  if (json?.cases?.[0]?.getrandbits32) return () => randomNumbers(json);
  if (json?.pool && json?.cases?.[0]?.draws) return () => samplers(json);
  if (json?.doc && json?.cases?.[0]?.template) return () => templates(json);
  if (json?.one_to_many) return () => filters(json);
  if (json?.rolling_windows && json?.maybe_delimit) return () => texts(json);
  if (json?.datasets && json?.cases?.[0]?.dataset_path) return () => datasets(json);
  return Array.isArray(json) && json[0]?.text !== undefined && 'value' in json[0] ? () => literals(json) : undefined;
}

function* aggregations({
  exact_match,
  items,
  aggregations: cases,
  groups,
  softmax: probabilities,
}: Recorded): Generator<Check> {
  for (const { kwargs, scores } of exact_match.cases) {
    const { regexesToIgnore, ...options } = camelKeys(kwargs);
    const own = () =>
      exact_match.prediction_reference.map(([a, b]: [string, string]) =>
        Number(exactMatch(a, b, { ...options, regexesToIgnore: regexesToIgnore as string[] })),
      );
    yield near('exact match', JSON.stringify(kwargs), 'scores', own, scores, WITHIN);
  }
  const pairs = (a: unknown[], b: unknown[]): unknown[] => a.map((value, i) => [value, b[i]]);
  const byAggregation: Record<string, unknown[]> = {
    mean: items.acc,
    median: items.ppl,
    perplexity: items.ppl,
    weighted_perplexity: items.weighted,
    bits_per_byte: items.weighted,
    f1: pairs(items.gold_binary, items.pred_binary),
    matthews_corrcoef: pairs(items.gold_binary, items.pred_binary),
    brier_score: pairs(items.gold4, items.probs4),
    nanmean: items.nan.map((value: number | null) => value ?? Number.NaN),
  };
  for (const { aggregation, bootstrap_iters: replicates, value, stderr } of cases) {
    const of = byAggregation[aggregation] ?? items.translation_ref_hyp;
    const own = aggregate(of, aggregation, aggregation, replicates);
    const within = /^(bleu|chrf|ter)/.test(aggregation) ? { atol: 1e-4, rtol: 0 } : WITHIN;
    yield near('aggregation', `${aggregation}, ${replicates}`, 'value', () => own.value, value, within);
    yield stderr === 'N/A'
      ? equal('aggregation', `${aggregation}, ${replicates}`, 'stderr', () => own.stderr, stderr)
      : near('aggregation', `${aggregation}, ${replicates}`, 'stderr', () => Number(own.stderr), stderr, within);
  }
  for (const {
    stderrs,
    sizes,
    metrics,
    pooled_sample_stderr,
    unweighted_mean_stderr,
    weighted_mean,
    unweighted_mean,
  } of groups) {
    const size = sizes.reduce((sum: number, one: number) => sum + one, 0);
    const weighted = () => metrics.reduce((sum: number, value: number, i: number) => sum + value * sizes[i], 0) / size;
    yield near(
      'groups',
      String(sizes),
      'stderr',
      () => [pooledError(stderrs, sizes), unweightedError(stderrs)],
      [pooled_sample_stderr, unweighted_mean_stderr],
      WITHIN,
    );
    yield near(
      'groups',
      String(sizes),
      'mean',
      () => [weighted(), mean(metrics)],
      [weighted_mean, unweighted_mean],
      WITHIN,
    );
  }
  for (const [i, row] of probabilities.lls.entries())
    yield near('softmax', String(i), 'probabilities', () => softmax(row), probabilities.probs[i], WITHIN);
}

function* randomNumbers({ cases }: Recorded): Generator<Check> {
  for (const entry of cases) {
    const name = `seed ${entry.seed}`;
    const fresh = () => pythonRandom(entry.seed);
    const times = (n: number, draw: () => unknown): unknown[] => Array.from({ length: n }, draw);
    const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
    yield equal(
      'random',
      name,
      'getrandbits',
      () => {
        const r = fresh();
        return times(entry.getrandbits32.length, () => Number(r.getrandbits(32)));
      },
      entry.getrandbits32,
    );
    yield equal(
      'random',
      name,
      'random',
      () => {
        const r = fresh();
        return times(entry.random.length, () => r.random());
      },
      entry.random,
    );
    yield equal(
      'random',
      name,
      'randrange',
      () => {
        const r = fresh();
        return times(entry.randrange_1000.length, () => r.randrange(1000));
      },
      entry.randrange_1000,
    );
    const [s, c] = [fresh(), fresh()];
    for (const { n, k, indices } of entry.sample_consecutive)
      yield equal('random', name, `sample ${k} of ${n}`, () => s.sample(range(n), k), indices);
    for (const { n, k, indices } of entry.choices_consecutive)
      yield equal('random', name, `choices ${k} of ${n}`, () => c.choices(range(n), k), indices);
    yield equal('random', name, 'shuffle', () => fresh().shuffle(range(12)), entry.shuffle_12);
  }
}

function* samplers({ pool, cases }: Recorded): Generator<Check> {
  for (const [i, entry] of cases.entries()) {
    const docs: Doc[] = entry.pool_ids ? entry.pool_ids.map((id: number) => pool[id]) : pool;
    const sampler = createSampler(docs, {
      sampler: entry.sampler,
      seed: entry.seed,
      indices: entry.fewshot_indices,
      where: '',
    });
    const ids = (n: number, id?: number | null) =>
      sampler.sample(n, id == null ? undefined : pool[id]).map(doc => doc.id);
    const draws = () =>
      entry.draws.map((drawn: number[], d: number) => ids(entry.n ?? drawn.length, entry.eval_doc_ids?.[d]));
    yield equal('sampler', `${entry.sampler} ${i}`, 'draws', draws, entry.draws);
  }
}

function* templates({ doc, cases }: Recorded): Generator<Check> {
  const typed = floatsIn(doc) as Doc;
  for (const { template, out } of cases) {
    // What a template shows of Python's own classes is not imitated.
    if (out === undefined || template.includes('__class__'))
      yield refused('template', template, () => render(template, typed, 'template'));
    else yield equal('template', template, 'text', () => render(template, typed, 'template'), out);
  }
}

/** 1e16 and the like, which JavaScript cannot tell from whole numbers, are floats in the recordings. */
function floatsIn(value: unknown): unknown {
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) >= 1e16) return new Float(value);
  if (Array.isArray(value)) {
    const hasFloats = value.some(item => typeof item === 'number' && !Number.isInteger(item));
    return value.map((item, i) => (hasFloats && item === 1 && i === 0 ? wrapFloat(item) : floatsIn(item)));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, floatsIn(item)]));
}

function* filters({ one_to_many, repeats, multi_choice_regex: choice }: Recorded): Generator<Check> {
  const sets = [
    [one_to_many.cases, one_to_many.responses, []],
    [repeats.cases, repeats.responses, []],
    [choice.cases, undefined, choice.docs],
  ] as const;
  for (const [cases, responses, docs] of sets) {
    for (const entry of cases) {
      const name = JSON.stringify(entry.steps);
      const own = () => createFilter(entry.steps, 'filter')(responses ?? entry.responses, docs);
      yield entry.error ? refused('filter', name, own) : equal('filter', name, 'answers', own, entry.filtered);
    }
  }
}

function* texts(recorded: Recorded): Generator<Check> {
  for (const { generation, stop, think_end_token, out } of recorded.postprocess_generated_text) {
    // Answers of reasoning models are cut elsewhere.
    if (think_end_token === null) yield equal('stop', generation, 'text', () => cutAt(generation, stop), out);
  }
  for (const entry of recorded.normalize_gen_kwargs) {
    const own = () => {
      const { until, maxNewTokens, options } = normalized(entry.in);
      return sorted({ ...options, until, max_gen_toks: maxNewTokens });
    };
    yield equal('settings', JSON.stringify(entry.in), 'values', own, sorted(entry.out));
  }
  for (const { tokens, prefix_token, max_seq_len, context_len, disjoint } of recorded.rolling_windows) {
    const ids = Array.from({ length: tokens }, (_, i) => i);
    const own = () =>
      rollingWindows(ids, prefix_token, max_seq_len, context_len).map(({ context, scored }) => [context, scored]);
    yield equal('windows', `${tokens} of ${max_seq_len}, ${context_len}`, 'context and scored', own, disjoint);
  }
  for (const { prefix, suffix, delimiter, out } of recorded.maybe_delimit)
    yield equal('delimiter', `${prefix}|${suffix}`, 'text', () => joined(prefix ?? undefined, suffix, delimiter), out);
  for (const { text, out } of recorded.parse_args_string)
    yield equal('arguments', text, 'values', () => parseArguments(text), out);
  for (const { text, out } of recorded.sanitize_model_name)
    yield equal('name', text, 'text', () => sanitized(text), out);
  for (const { text, sha256: out } of recorded.hash_string)
    yield equal('hash', text, 'sha256', () => sha256(text), out);
  for (const { doc, doc_hash } of recorded.doc_hash)
    yield equal('hash', JSON.stringify(doc).slice(0, 30), 'document', () => sha256(pythonJson(hashed(doc))), doc_hash);
  for (const { text, words, bytes } of recorded.count_words_bytes) {
    const own = () => {
      const { word_perplexity, byte_perplexity } = rollingScores(text, 0) as Record<string, number[]>;
      return [word_perplexity[1], byte_perplexity[1]];
    };
    yield equal('count', text, 'words and bytes', own, [words, bytes]);
  }
  for (const { patterns, names, out } of recorded.pattern_match) {
    const all = [patterns].flat().map(globPattern);
    yield equal(
      'pattern',
      String(patterns),
      'names',
      () => names.filter((name: string) => all.some(pattern => pattern.test(name))).sort(),
      out,
    );
  }
}

/** Whole numbers that are floats in these recordings. */
const hashed = (doc: Recorded): unknown =>
  Object.fromEntries(
    Object.entries(doc).map(([key, value]) => [
      key,
      (key === 'g' || key === 'x') && typeof value === 'number' ? wrapFloat(value) : value,
    ]),
  );

const sorted = (value: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));

function* datasets({ cases }: Recorded): Generator<Check> {
  for (const { label, dataset_path: path, dataset_kwargs: kwargs, splits, error } of cases) {
    const load = () => loadDataset({ path, kwargs, where: label });
    if (error !== undefined) {
      yield refused('data', label, load);
      continue;
    }
    for (const [split, expected] of Object.entries(splits) as [string, Recorded][]) {
      const docs = (): readonly Doc[] => load().docs.get(split) ?? [];
      yield equal('data', label, `rows of ${split}`, () => docs().length, expected.rows);
      yield equal('data', label, 'columns', () => Object.keys(docs()[0]).sort(), [...expected.columns].sort());
      yield equal(
        'data',
        label,
        'first',
        () => docs().slice(0, expected.first.length).map(plain),
        expected.first.map(plain),
      );
      if (expected.last) yield equal('data', label, 'last', () => plain(docs().at(-1)), plain(expected.last));
    }
  }
}

/** As JSON, with keys in order. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, inner) => {
      if (inner instanceof Float) return inner.value;
      return typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? sorted(inner) : inner;
    }),
  );

function* literals(cases: Recorded): Generator<Check> {
  for (const { text, value, error } of cases) {
    yield error
      ? refused('literal', text, () => literalEval(text))
      : equal('literal', text, 'value', () => literalEval(text), value);
  }
}
