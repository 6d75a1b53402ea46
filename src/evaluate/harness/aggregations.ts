/** From a value for each document to one for the task, and its standard error, as lm-evaluation-harness computes them. */
import { usageError } from '../../support/errors.ts';
import { addBleuStatistics, bleuOf, bleuStatistics } from '../metrics/bleu.ts';
import type { BleuTokenizer } from '../metrics/bleu-tokenizers.ts';
import { brierScore } from '../metrics/brier.ts';
import { addChrfStatistics, chrfOf, chrfStatistics } from '../metrics/chrf.ts';
import type { Label } from '../metrics/confusion.ts';
import { kendall, pearson, spearman } from '../metrics/correlation.ts';
import { binaryF1 } from '../metrics/f1.ts';
import { mcc } from '../metrics/mcc.ts';
import { addTerStatistics, terOf, terStatistics } from '../metrics/ter.ts';
import { bootstrapError } from '../statistics/bootstrap.ts';
import { mean, meanError } from '../statistics/means.ts';

/** A statistic of items by number, made ready once for many samples of them. */
type Statistic = (items: readonly unknown[]) => (chosen: ArrayLike<number>) => number;

interface Aggregation {
  statistic: Statistic;
  /** How its standard error is found; without, there is none. */
  error?: 'mean' | 'bootstrap';
}

const numbers =
  (of: (values: number[]) => number): Statistic =>
  items =>
  chosen =>
    of(Array.from(chosen, i => Number(items[i])));

/** Of (true, predicted) pairs. */
const pairs =
  (of: (truth: never[], predicted: never[]) => number): Statistic =>
  items =>
  chosen => {
    const all = Array.from(chosen, i => items[i] as readonly [never, never]);
    return of(
      all.map(([truth]) => truth),
      all.map(([, predicted]) => predicted),
    );
  };

/** Of sums of what each (references, text) pair adds. */
const corpus =
  <Part>(part: (text: string, references: string[]) => Part, add: (parts: Part[]) => number): Statistic =>
  items => {
    const parts = items.map(item => {
      const [references, text] = item as readonly [string | string[], string | string[]];
      return part([text].flat()[0], [references].flat());
    });
    return chosen => add(Array.from(chosen, i => parts[i]));
  };

const chrfWith = (wordOrder: number): Statistic =>
  corpus(
    (text, references) => chrfStatistics(text, references, { wordOrder }),
    parts => chrfOf(addChrfStatistics(parts)),
  );

const bleuBy = (tokenize: BleuTokenizer): Statistic =>
  corpus(
    (text, references) => bleuStatistics(text, references, { tokenize }),
    parts => bleuOf(addBleuStatistics(parts)).score,
  );

/** Σ a / Σ b of pairs (a, b). */
const weightedMean: Statistic = items => chosen => {
  let [top, bottom] = [0, 0];
  for (const i of Array.from(chosen)) {
    const [a, b] = items[i] as readonly [number, number];
    top += a;
    bottom += b;
  }
  return top / bottom;
};

const after =
  (statistic: Statistic, change: (value: number) => number): Statistic =>
  items => {
    const of = statistic(items);
    return chosen => change(of(chosen));
  };

export const AGGREGATIONS: Readonly<Record<string, Aggregation>> = {
  mean: { statistic: numbers(mean), error: 'mean' },
  nanmean: { statistic: numbers(values => mean(values.filter(value => !Number.isNaN(value)))), error: 'bootstrap' },
  median: {
    statistic: numbers(values => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]),
    error: 'bootstrap',
  },
  perplexity: { statistic: numbers(values => Math.exp(-mean(values))), error: 'bootstrap' },
  weighted_perplexity: { statistic: after(weightedMean, value => Math.exp(-value)) },
  bits_per_byte: { statistic: after(weightedMean, value => -value / Math.LN2) },
  f1: { statistic: pairs((truth: Label[], predicted: Label[]) => binaryF1(truth, predicted)), error: 'bootstrap' },
  /** CommitmentBank's: the mean of the F1 of each of its three labels. */
  f1_of_three: {
    statistic: pairs((truth: number[], predicted: number[]) =>
      mean(
        [0, 1, 2].map(label =>
          binaryF1(
            truth.map(one => Number(one === label)),
            predicted.map(one => Number(one === label)),
          ),
        ),
      ),
    ),
  },
  matthews_corrcoef: {
    statistic: pairs((truth: Label[], predicted: Label[]) => mcc(truth, predicted)),
    error: 'bootstrap',
  },
  brier_score: { statistic: pairs((truth: number[], probabilities: number[][]) => brierScore(probabilities, truth)) },
  bleu: { statistic: bleuBy('13a'), error: 'bootstrap' },
  bleu_zh: { statistic: bleuBy('zh'), error: 'bootstrap' },
  chrf: { statistic: chrfWith(0), error: 'bootstrap' },
  'chrf++': { statistic: chrfWith(2), error: 'bootstrap' },
  ter: {
    statistic: corpus(
      (text, references) => terStatistics(text, references),
      parts => terOf(addTerStatistics(parts)),
    ),
    error: 'bootstrap',
  },
  pearson: { statistic: pairs((x: number[], y: number[]) => pearson(x, y)), error: 'bootstrap' },
  spearman: { statistic: pairs((x: number[], y: number[]) => spearman(x, y)), error: 'bootstrap' },
  kendall: { statistic: pairs((x: number[], y: number[]) => kendall(x, y)), error: 'bootstrap' },
  bypass: { statistic: () => () => 999 },
};

/** Those that compare whole corpora, or all pairs, are drawn at most so often. */
const FEW_REPLICATES = new Set(['bleu', 'bleu_zh', 'chrf', 'chrf++', 'ter', 'kendall']);
const MOST_REPLICATES = 100;

/** How often a bootstrap of this metric draws. */
export const mostDraws = (metric: string, replicates: number): number =>
  FEW_REPLICATES.has(metric) ? Math.min(replicates, MOST_REPLICATES) : replicates;

export interface Aggregated {
  value: number;
  /** `N/A` where there is none: one document, or no known way. */
  stderr: number | 'N/A';
}

/**
 * @param metric whose values these are
 * @param replicates of the bootstrap; 0: no standard errors
 */
export function aggregate(items: readonly unknown[], name: string, metric: string, replicates: number): Aggregated {
  const { statistic, error } = AGGREGATIONS[name];
  const of = statistic(items);
  const value = of(Array.from(items.keys()));
  if (error === undefined || items.length < 2 || replicates === 0) return { value, stderr: 'N/A' };
  if (error === 'mean') return { value, stderr: meanError(items.map(Number)) };
  return { value, stderr: bootstrapError(items.length, of, mostDraws(metric, replicates)) };
}

/** @throws UserError naming the task */
export function requireAggregation(name: string, where: string): string {
  if (Object.hasOwn(AGGREGATIONS, name)) return name;
  throw usageError(
    'TSLM_UNKNOWN_AGGREGATION',
    `${where}: there is no aggregation '${name}'`,
    `known: ${Object.keys(AGGREGATIONS).join(', ')}`,
  );
}
