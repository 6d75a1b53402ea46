/** What objectives draw, counted: shares and frequencies must be near the recorded ones. */

import { drawMask, drawSpanLength, type MaskingOptions, maskVocabulary } from '../../../objectives/masking.ts';
import { drawNoiseMask } from '../../../objectives/noise-mask.ts';
import { drawTargets } from '../../../objectives/permutation.ts';
import { nextSentence, type PairExample, sentenceOrder } from '../../../objectives/sentence-pair.ts';
import { drawPoisson, drawSpans } from '../../../objectives/text-noise.ts';
import { createRandom } from '../../../support/random.ts';
import { type Check, compareNumbers } from '../compare.ts';
import type { RecordedObjectives } from './schema.ts';
import { tokenizerOf } from './vocabulary.ts';

const SPECIAL = { pad: 0, cls: 2, sep: 3, mask: 4 };

function* near(
  section: string,
  tolerance: number,
  shares: Record<string, [actual: number, expected: number]>,
): Generator<Check> {
  for (const [quantity, [actual, expected]] of Object.entries(shares)) {
    const name = `${actual.toFixed(4)} of ${expected.toFixed(4)}`;
    yield {
      section,
      name,
      quantity,
      ...compareNumbers([actual], [expected], { atol: Math.max(tolerance, 1e-9), rtol: 0 }),
    };
  }
}

/** How often each of `outcomes` comes in `draws`. */
function frequencies(outcomes: number, draws: number, draw: () => number): number[] {
  const counts = new Array<number>(outcomes).fill(0);
  for (let i = 0; i < draws; i++) {
    const outcome = draw();
    if (outcome < outcomes) counts[outcome]++;
  }
  return counts.map(count => count / draws);
}

export function* verifyStatistics(recorded: RecordedObjectives): Generator<Check> {
  yield* masks(recorded);
  yield* lengths(recorded);
  yield* pairs(recorded);
  yield* noise(recorded);
}

/** A hundred tokens between special ones, a thousand times over: what is chosen, and what becomes of it. */
function countMasks(options: MaskingOptions, words: readonly (readonly number[])[] = []) {
  const vocabulary = maskVocabulary(tokenizerOf(200, SPECIAL), 'token');
  const starts = new Set(words.map(word => word[0]));
  const random = createRandom(1);
  const counts = { candidates: 0, selected: 0, mask: 0, random: 0, keep: 0 };
  for (let i = 0; i < 1700; i++) {
    // Ids are places here, so that the words are where the case has them.
    const ids = [2, ...Array.from({ length: 100 }, (_, place) => 20 + place), 3, 0, 0];
    const startsWord = (id: number): boolean => words.length === 0 || starts.has((id - 20) % 10);
    counts.candidates += 100;
    for (const { position, action } of drawMask(ids, options, { ...vocabulary, startsWord }, random)) {
      if (vocabulary.isSpecial(ids[position])) throw new RangeError(`a special token was chosen at ${position}`);
      counts.selected++;
      counts[action]++;
    }
  }
  return counts;
}

function* masks({ bert_mlm: { statistics }, whole_word: { words } }: RecordedObjectives): Generator<Check> {
  const { expected, tolerance_for_at_least_100000_tokens: tolerance } = statistics;
  const counted = countMasks({ probability: expected.selected });
  yield* near('masked', tolerance.selected, { selected: [counted.selected / counted.candidates, expected.selected] });
  yield* near('masked', tolerance.of_selected, {
    'masked of selected': [counted.mask / counted.selected, expected.mask_of_selected],
    'random of selected': [counted.random / counted.selected, expected.random_of_selected],
    'kept of selected': [counted.keep / counted.selected, expected.keep_of_selected],
  });
  for (const unit of ['word', 'span'] as const) {
    const whole = countMasks({ probability: expected.selected, unit }, words);
    yield* near('whole words', 0.01, { [unit]: [whole.selected / whole.candidates, expected.selected] });
  }
}

function* lengths({
  ngram_masking: { probabilities, tolerance_for_10000_spans },
  bart,
}: RecordedObjectives): Generator<Check> {
  const random = createRandom(2);
  const spans = frequencies(3, 10_000, () => drawSpanLength(random, 3) - 1);
  for (const [i, share] of spans.entries()) {
    yield* near('n-grams', tolerance_for_10000_spans, { [`${i + 1} words`]: [share, probabilities[i]] });
  }
  const { lambda, probabilities_0_to_10: expected, tolerance_for_10000_spans: tolerance } = bart.poisson;
  const poisson = frequencies(expected.length, 10_000, () => drawPoisson(lambda, random));
  for (const [i, share] of poisson.entries()) yield* near('poisson', tolerance, { [`${i}`]: [share, expected[i]] });
  const orders = frequencies(2, 2000, () => Number(random.shuffle([0, 1, 2, 3]).join() !== '0,1,2,3'));
  yield* near('sentence permutation', 0.02, { 'changed orders': [orders[1], 23 / 24] });
  const { target, tolerance: allowed } = bart.masked_share;
  let masked = 0;
  for (let i = 0; i < 1000; i++) {
    for (const [, length] of drawSpans(100, target, lambda, random)) masked += length;
  }
  yield* near('infilling', allowed, { 'masked share': [masked / 100_000, target] });
}

function* pairs({ nsp, sop }: RecordedObjectives): Generator<Check> {
  // A token says which document it comes from, and the tokens of a document rise.
  const documents = Array.from({ length: 6 }, (_, d) => ({
    index: d,
    sentences: Array.from({ length: 4 }, (_, s) =>
      Uint16Array.from({ length: 3 + (s % 2) }, (_, i) => 10 + 20 * d + 4 * s + i),
    ),
  }));
  const context = {
    tokenizer: tokenizerOf(200, SPECIAL),
    context: 24,
    documents: { length: documents.length, row: (index: number) => documents[index] },
  };
  const random = createRandom(3);
  const draw = (objective: ReturnType<typeof sentenceOrder>) =>
    Array.from({ length: 5000 }, (_, i) => objective.example(documents[i % documents.length], random));
  const segments = ({ inputIds, types }: PairExample) =>
    [0, 1].map(type => Array.from(inputIds).filter((id, i) => types[i] === type && id >= 10));
  const documentOf = (id: number): number => Math.floor((id - 10) / 20);
  const share = (flags: readonly boolean[]): number => flags.filter(Boolean).length / flags.length;

  const next = draw(nextSentence(context, { probability: 0 }));
  yield* near('next sentence', nsp.tolerance_for_5000_pairs, {
    'share of random': [share(next.map(({ label }) => label === 1)), nsp.share_of_random],
  });
  const elsewhere = next.map(example => {
    const [a, b] = segments(example);
    return documentOf(a[0]) !== documentOf(b[0]);
  });
  yield* near('next sentence', 0, {
    'random pairs are of two documents': [share(elsewhere.map((is, i) => is === (next[i].label === 1))), 1],
  });

  const order = draw(sentenceOrder(context, { probability: 0 }));
  yield* near('sentence order', sop.tolerance_for_5000_pairs, {
    'share of swapped': [share(order.map(({ label }) => label === 1)), sop.share_of_swapped],
  });
  const isRight = order.map(example => {
    const [a, b] = segments(example);
    return a[0] < b[0] === (example.label === 0);
  });
  yield* near('sentence order', 0, { 'labels are right': [share(isRight), 1] });
}

function* noise({ t5_spans, xlnet_plm }: RecordedObjectives): Generator<Check> {
  const { mean_per_decile: expected, tolerance } = t5_spans.position_frequency_100;
  const random = createRandom(4);
  const draws = 4000;
  const counts = new Array<number>(100).fill(0);
  for (let i = 0; i < draws; i++) {
    for (const [place, is] of drawNoiseMask(100, { noiseDensity: 0.15, meanSpan: 3 }, random).entries())
      counts[place] += is;
  }
  for (const [decile, share] of expected.entries()) {
    const sum = counts.slice(10 * decile, 10 * decile + 10).reduce((a, b) => a + b, 0);
    yield* near('noise', tolerance, { [`decile ${decile}`]: [sum / (10 * draws), share] });
  }
  yield* near('noise', 0, { 'first token': [counts[0] / draws, 0], 'last token': [counts[99] / draws, 1] });

  const { expected_about: about, tolerance: allowed } = xlnet_plm.statistics.masked_share;
  let chosen = 0;
  for (let i = 0; i < 1000; i++) {
    for (const is of drawTargets(120, { probability: 1 / 6, maxSpan: 5 }, random)) chosen += is;
  }
  yield* near('permutation', allowed, { 'share of targets': [chosen / 120_000, about] });
}
