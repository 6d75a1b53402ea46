/**
 * BLEU (Papineni et al. 2002) as sacreBLEU 2 computes it: clipped n-gram precisions of a whole corpus, their geometric mean,
 * and a penalty for texts shorter than the reference that is nearest in length.
 */
import { usageError } from '../../support/errors.ts';
import { type BleuTokenizer, bleuWords } from './bleu-tokenizers.ts';
import { countNgrams } from './words.ts';

export interface BleuOptions {
  /** Default `13a`. */
  tokenize?: BleuTokenizer;
  /** Default false. */
  lowercase?: boolean;
  /** What stands for a precision of 0 (Chen & Cherry 2014). Default `exp`: half, a quarter, … of a match. */
  smoothMethod?: 'exp' | 'floor' | 'add-k' | 'none';
  /** Default 0.1 of `floor`, 1 of `add-k`. */
  smoothValue?: number;
  /** Default 4. */
  maxNgramOrder?: number;
  /** Leave out orders that the text is too short for. Default false, in `sentenceBleu` true. */
  effectiveOrder?: boolean;
}

export interface Bleu {
  /** 0 to 100. */
  score: number;
  /** Of each order, 0 to 100. */
  precisions: number[];
  brevityPenalty: number;
  /** Words of the system's texts, and of the nearest references. */
  systemLength: number;
  referenceLength: number;
  counts: number[];
  totals: number[];
}

/** What a text and its references add to a corpus; sums of these make a score, as a bootstrap wants them. */
export interface BleuStatistics {
  systemLength: number;
  referenceLength: number;
  counts: number[];
  totals: number[];
}

/** @param references of this one text */
export function bleuStatistics(
  hypothesis: string,
  references: readonly string[],
  { tokenize = '13a', lowercase = false, maxNgramOrder = 4 }: BleuOptions = {},
): BleuStatistics {
  const words = bleuWords(hypothesis, tokenize, lowercase);
  const others = references.map(reference => bleuWords(reference, tokenize, lowercase));
  const orders = Array.from({ length: maxNgramOrder }, (_, n) => n + 1);
  const found = orders.map(n => countNgrams(words, n));
  const allowed = orders.map(n => mostOf(others.map(other => countNgrams(other, n))));
  return {
    systemLength: words.length,
    referenceLength: nearest(
      words.length,
      others.map(({ length }) => length),
    ),
    counts: found.map((ngrams, n) => sum([...ngrams].map(([key, count]) => Math.min(count, allowed[n].get(key) ?? 0)))),
    totals: orders.map(n => Math.max(0, words.length - n + 1)),
  };
}

export function addBleuStatistics(all: readonly BleuStatistics[]): BleuStatistics {
  const total: BleuStatistics = { systemLength: 0, referenceLength: 0, counts: [], totals: [] };
  for (const { systemLength, referenceLength, counts, totals } of all) {
    total.systemLength += systemLength;
    total.referenceLength += referenceLength;
    for (const n of counts.keys()) {
      total.counts[n] = (total.counts[n] ?? 0) + counts[n];
      total.totals[n] = (total.totals[n] ?? 0) + totals[n];
    }
  }
  return total;
}

export function bleuOf(
  { systemLength, referenceLength, ...rest }: BleuStatistics,
  {
    smoothMethod = 'exp',
    smoothValue = smoothMethod === 'floor' ? 0.1 : 1,
    maxNgramOrder = 4,
    effectiveOrder = false,
  }: BleuOptions = {},
): Bleu {
  const counts = [...rest.counts];
  const totals = [...rest.totals];
  const precisions = new Array<number>(maxNgramOrder).fill(0);
  const isShort = systemLength < referenceLength;
  const brevityPenalty = !isShort ? 1 : systemLength > 0 ? Math.exp(1 - referenceLength / systemLength) : 0;
  const result = { precisions, brevityPenalty, systemLength, referenceLength, counts, totals };
  if (!counts.some(count => count > 0)) return { score: 0, ...result };
  let order = maxNgramOrder;
  let halving = 1;
  for (let n = 0; n < maxNgramOrder; n++) {
    if (smoothMethod === 'add-k' && n > 0) {
      counts[n] += smoothValue;
      totals[n] += smoothValue;
    }
    if (totals[n] === 0) break;
    if (effectiveOrder) order = n + 1;
    if (counts[n] > 0) precisions[n] = (100 * counts[n]) / totals[n];
    else if (smoothMethod === 'exp') {
      halving *= 2;
      precisions[n] = 100 / (halving * totals[n]);
    } else if (smoothMethod === 'floor') precisions[n] = (100 * smoothValue) / totals[n];
  }
  const logs = precisions
    .slice(0, order)
    .map(precision => (precision === 0 ? Number.NEGATIVE_INFINITY : Math.log(precision)));
  return { score: brevityPenalty * Math.exp(sum(logs) / order), ...result };
}

/**
 * @param references of each text, one or several
 * @throws UserError when there are not as many lists of references as texts
 */
export function corpusBleu(
  hypotheses: readonly string[],
  references: readonly (readonly string[])[],
  options: BleuOptions = {},
): Bleu {
  requireAsMany(hypotheses, references);
  const all = hypotheses.map((text, i) => bleuStatistics(text, references[i], options));
  return bleuOf(addBleuStatistics(all), options);
}

/** Of one text, with the orders that it is long enough for. */
export const sentenceBleu = (hypothesis: string, references: readonly string[], options: BleuOptions = {}): Bleu =>
  bleuOf(bleuStatistics(hypothesis, references, options), { effectiveOrder: true, ...options });

/** sacreBLEU's own description of a setting, for papers: `nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0`. */
export function bleuSignature(
  referencesEach: number,
  { tokenize = '13a', lowercase = false, smoothMethod = 'exp', smoothValue, effectiveOrder = false }: BleuOptions = {},
): string {
  const value = smoothValue ?? (smoothMethod === 'floor' ? 0.1 : 1);
  const smooth = ['floor', 'add-k'].includes(smoothMethod) ? `${smoothMethod}[${value.toFixed(2)}]` : smoothMethod;
  const parts = [
    `nrefs:${referencesEach}`,
    `case:${lowercase ? 'lc' : 'mixed'}`,
    `eff:${effectiveOrder ? 'yes' : 'no'}`,
  ];
  return [...parts, `tok:${tokenize}`, `smooth:${smooth}`, `version:${SACREBLEU}`].join('|');
}

/** The version whose numbers these are. */
export const SACREBLEU = '2.6.0';

/** @throws UserError when there are not as many lists of references as texts */
export function requireAsMany(hypotheses: readonly unknown[], references: readonly unknown[]): void {
  if (hypotheses.length === references.length) return;
  throw usageError(
    'TSLM_BAD_INPUT',
    `there are ${hypotheses.length} texts and references for ${references.length}`,
    'give a list of references for each text',
  );
}

/** Each run as often as the reference that has it most often. */
function mostOf(counts: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const most = new Map<string, number>();
  for (const one of counts) for (const [key, count] of one) most.set(key, Math.max(count, most.get(key) ?? 0));
  return most;
}

/** The nearest of these lengths; of two the shorter. */
const nearest = (length: number, lengths: readonly number[]): number =>
  lengths.reduce((best, one) => {
    const [far, near] = [Math.abs(one - length), Math.abs(best - length)];
    return far < near || (far === near && one < best) ? one : best;
  });

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
