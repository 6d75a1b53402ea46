/** Tests, intervals, calibration and fronts beside those of SciPy, NumPy and written-out rules. */

import { accuracy } from '../../metrics/accuracy.ts';
import { rocAuc } from '../../metrics/auc.ts';
import { brierScore, logLoss } from '../../metrics/brier.ts';
import { calibration, fitTemperature, softmax, topOf } from '../../metrics/calibration.ts';
import { clusteredError, smallSampleFactor } from '../../statistics/clusters.ts';
import { clopperPearson, proportionError, wilson } from '../../statistics/intervals.ts';
import { mcnemar } from '../../statistics/mcnemar.ts';
import { benjaminiHochberg, benjaminiYekutieli, bonferroni, holm } from '../../statistics/multiple-comparisons.ts';
import { differences, pairedDifference } from '../../statistics/paired.ts';
import { pairedBootstrap } from '../../statistics/paired-bootstrap.ts';
import { type Direction, hypervolume2d, paretoFront, paretoRanks } from '../../statistics/pareto.ts';
import { signFlipP, wilcoxon } from '../../statistics/permutation.ts';
import { detectableEffect, itemsFor } from '../../statistics/sample-size.ts';
import type { Check, Tolerance } from '../compare.ts';
import { equal, near } from './checks.ts';

// biome-ignore lint/suspicious/noExplicitAny: a recording is read as it is
type Recorded = any;

const WITHIN: Tolerance = { atol: 1e-10, rtol: 1e-8 };
const P: Tolerance = { atol: 1e-8, rtol: 1e-8 };

export const isStatistics = (json: Recorded): boolean => json?.paired !== undefined && json?.proportions !== undefined;

export function* verifyStatistics(json: Recorded): Generator<Check> {
  for (const entry of json.paired) yield* paired(entry);
  for (const { right, n, wilson95, clopper_pearson95, se_bernoulli } of json.proportions) {
    const name = `${right} of ${n}`;
    yield near('proportion', name, 'wilson', () => wilson(right, n), wilson95, WITHIN);
    yield near('proportion', name, 'clopper–pearson', () => clopperPearson(right, n), clopper_pearson95, WITHIN);
    yield near('proportion', name, 'standard error', () => proportionError(right, n), se_bernoulli, WITHIN);
  }
  const { p, ...adjusted } = json.multiple_comparisons;
  const corrections = {
    bonferroni,
    holm,
    benjamini_hochberg: benjaminiHochberg,
    benjamini_yekutieli: benjaminiYekutieli,
  };
  for (const [name, correct] of Object.entries(corrections)) {
    yield near('multiple comparisons', name, 'p', () => correct(p), adjusted[name], P);
  }
  for (const {
    effect,
    sd_of_difference: deviation,
    alpha,
    power,
    n,
    n_exact,
    smallest_effect_at_n_1000,
  } of json.sample_size) {
    const options = { deviation, alpha, power };
    yield near(
      'sample size',
      `effect ${effect}`,
      'items',
      () => [Math.ceil(itemsFor(effect, options)), itemsFor(effect, options)],
      [n, n_exact],
      WITHIN,
    );
    yield near(
      'sample size',
      `effect ${effect}`,
      'of 1000',
      () => detectableEffect(1000, options),
      smallest_effect_at_n_1000,
      WITHIN,
    );
  }
  yield* reliability(json.calibration);
  for (const [i, { points, directions, front, ranks }] of json.pareto.entries()) {
    yield equal('pareto', String(i), 'front', () => paretoFront(points, directions as Direction[]), front);
    yield equal('pareto', String(i), 'ranks', () => paretoRanks(points, directions as Direction[]), ranks);
  }
  for (const [i, { points, reference, hypervolume }] of json.hypervolume_2d.entries()) {
    yield near('hypervolume', String(i), 'area', () => hypervolume2d(points, reference), hypervolume, WITHIN);
  }
}

function* paired(entry: Recorded): Generator<Check> {
  const { name, a, b } = entry;
  const own = pairedDifference(a, b);
  const items = differences(a, b);
  const section = 'paired';
  yield near(
    section,
    name,
    'means',
    () => [own.meanA, own.meanB, own.difference],
    [entry.mean_a, entry.mean_b, entry.mean_diff],
    WITHIN,
  );
  yield near(
    section,
    name,
    'standard errors',
    () => [own.errorA, own.errorB, own.pairedError, own.unpairedError],
    [entry.se_a, entry.se_b, entry.se_paired, entry.se_unpaired],
    WITHIN,
  );
  yield near(section, name, 'correlation', () => own.correlation, entry.correlation, WITHIN);
  yield near(section, name, 'z', () => [own.z.statistic, own.z.p], [entry.z.z, entry.z.p], P);
  yield near(section, name, 'z interval', () => own.z.interval, entry.z.ci95, WITHIN);
  if (entry.t_test) {
    yield near(section, name, 't', () => [own.t.statistic, own.t.p], [entry.t_test.t, entry.t_test.p], P);
    yield near(section, name, 't interval', () => own.t.interval, entry.t_test.ci95, WITHIN);
  }
  if (entry.wilcoxon_asymptotic) {
    const { statistic, p } = wilcoxon(items);
    yield near(
      section,
      name,
      'wilcoxon',
      () => [statistic, p],
      [entry.wilcoxon_asymptotic.statistic, entry.wilcoxon_asymptotic.p],
      P,
    );
  }
  if (entry.mcnemar) {
    const { onlyA, onlyB, exactP, midP, chiSquare, chiSquareP, corrected, correctedP } = mcnemar(a, b);
    const {
      only_a_right,
      only_b_right,
      exact_p,
      mid_p,
      chi2,
      chi2_p = null,
      chi2_continuity,
      chi2_continuity_p = null,
    } = entry.mcnemar;
    yield near(
      section,
      name,
      'mcnemar',
      () => [onlyA, onlyB, exactP, midP],
      [only_a_right, only_b_right, exact_p, mid_p],
      P,
    );
    yield near(
      section,
      name,
      'mcnemar χ²',
      () => [chiSquare, chiSquareP, corrected, correctedP],
      [chi2, chi2_p, chi2_continuity, chi2_continuity_p],
      P,
    );
  }
  if (entry.se_clustered) {
    const of = (values: readonly number[]) => clusteredError(values, entry.clusters);
    const { a: errorA, b: errorB, diff, small_sample_factor } = entry.se_clustered;
    yield near(
      section,
      name,
      'clustered errors',
      () => [of(a).plain, of(b).plain, of(items).plain],
      [errorA, errorB, diff],
      WITHIN,
    );
    yield near(section, name, 'few clusters', () => smallSampleFactor(of(a).clusters), small_sample_factor, WITHIN);
  }
  if (entry.sign_flip_exact_p !== undefined)
    yield near(section, name, 'signs', () => signFlipP(items), entry.sign_flip_exact_p, P);
  const { seed, replicates, first_5, se, ci95_percentile, share_le_0, share_ge_0, p_two_sided } =
    entry.paired_bootstrap;
  const drawn = pairedBootstrap(items, { seed, replicates });
  yield near(section, name, 'bootstrap draws', () => drawn.replicates.slice(0, 5), first_5, WITHIN);
  yield near(section, name, 'bootstrap', () => [drawn.error, ...drawn.interval], [se, ...ci95_percentile], WITHIN);
  yield near(
    section,
    name,
    'bootstrap p',
    () => [drawn.atMostZero, drawn.atLeastZero, drawn.p],
    [share_le_0, share_ge_0, p_two_sided],
    P,
  );
}

function* reliability({ logits, labels, ...recorded }: Recorded): Generator<Check> {
  const section = 'calibration';
  const probabilities: number[][] = logits.map((row: number[]) => softmax(row));
  const { label, confidence } = topOf(probabilities);
  const right = label.map((best, i) => Number(best === labels[i]));
  yield near(section, '', 'accuracy', () => accuracy(labels, label), recorded.accuracy, WITHIN);
  yield near(
    section,
    '',
    'brier',
    () => [brierScore(probabilities, labels), brierScore(probabilities, labels) / logits[0].length],
    [recorded.brier_sum_over_classes, recorded.brier_mean_over_classes],
    WITHIN,
  );
  yield near(section, '', 'loss', () => logLoss(probabilities, labels), recorded.nll, WITHIN);
  for (const { bins, ece, mce, table } of recorded.ece) {
    const own = calibration(confidence, right, { bins });
    yield near(section, `${bins} bins`, 'errors', () => [own.ece, own.mce], [ece, mce], WITHIN);
    yield equal(
      section,
      `${bins} bins`,
      'items',
      () => own.bins.map(({ n }) => n),
      table.map((bin: Recorded) => bin.n),
    );
    const filled = table.filter((bin: Recorded) => bin.n > 0);
    const means = () => own.bins.filter(({ n }) => n > 0).flatMap(bin => [bin.confidence!, bin.accuracy!]);
    yield near(
      section,
      `${bins} bins`,
      'table',
      means,
      filled.flatMap((bin: Recorded) => [bin.confidence, bin.accuracy]),
      WITHIN,
    );
  }
  for (const { bins, ece_equal_mass } of recorded.equal_mass) {
    yield near(
      section,
      `${bins} equal parts`,
      'ece',
      () => calibration(confidence, right, { bins, equalMass: true }).ece,
      ece_equal_mass,
      WITHIN,
    );
  }
  yield near(section, '', 'auc of confidence', () => rocAuc(confidence, right), recorded.auroc_of_confidence, WITHIN);
  const { best, nll, tolerance } = recorded.temperature;
  const fitted = fitTemperature(logits, labels);
  yield near(section, 'temperature', 'best', () => fitted.temperature, best, { atol: tolerance, rtol: 0 });
  yield near(section, 'temperature', 'loss', () => fitted.loss, nll, { atol: 1e-8, rtol: 1e-8 });
}
