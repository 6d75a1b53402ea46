/** Metrics beside those of sacreBLEU, NLTK, rouge_score, scikit-learn, torchmetrics, SQuAD's script and seqeval. */
import { accuracy, balancedAccuracy, cohenKappa, hammingLoss, subsetAccuracy } from '../../metrics/accuracy.ts';
import { averagePrecision, rocAuc } from '../../metrics/auc.ts';
import { type BleuOptions, bleuSignature, corpusBleu, sentenceBleu } from '../../metrics/bleu.ts';
import { type BleuTokenizer, bleuTokenizers } from '../../metrics/bleu-tokenizers.ts';
import { binaryBrier, logLoss } from '../../metrics/brier.ts';
import { calibration, softmax, topOf } from '../../metrics/calibration.ts';
import { type ChrfOptions, chrfSignature, corpusChrf, sentenceChrf } from '../../metrics/chrf.ts';
import { confusion } from '../../metrics/confusion.ts';
import { pearson, spearman } from '../../metrics/correlation.ts';
import { multilabelReport, type Prf, type PrfReport, prfReport } from '../../metrics/f1.ts';
import { mcc } from '../../metrics/mcc.ts';
import { nltkBleu } from '../../metrics/nltk-bleu.ts';
import { meanAbsoluteError, meanSquaredError, rSquared } from '../../metrics/regression.ts';
import { rougeL, rougeN } from '../../metrics/rouge.ts';
import { spanReport } from '../../metrics/span-f1.ts';
import { normalizeAnswer, squadExactMatch, squadF1 } from '../../metrics/squad.ts';
import { corpusTer, type TerOptions } from '../../metrics/ter.ts';
import { mean } from '../../statistics/means.ts';
import type { Check, Tolerance } from '../compare.ts';
import { camelKeys, equal, near } from './checks.ts';

// biome-ignore lint/suspicious/noExplicitAny: a recording is read as it is
type Recorded = any;

const EXACT: Tolerance = { atol: 1e-9, rtol: 1e-9 };

/** Whether this is a file of recorded metrics. */
export const isMetrics = (json: Recorded): boolean =>
  json?.sacrebleu !== undefined && json?.classification !== undefined;

export function* verifyMetrics(json: Recorded): Generator<Check> {
  yield* translation(json.sacrebleu);
  yield* nltk(json.nltk, json.sacrebleu.corpora.en);
  yield* rouge(json.rouge);
  yield* classification(json.classification);
  yield* reliability(json.calibration);
  yield* reading(json.squad);
  yield* spans(json.span_f1);
}

function* translation({ corpora, corpus_bleu, sentence_bleu, chrf, ter, tokenized }: Recorded): Generator<Check> {
  const nameOf = (one: Recorded): string =>
    Object.entries(one)
      .filter(([key]) => !/score|signature|precisions|counts|totals|len|bp/.test(key))
      .map(([, value]) => String(value))
      .join(' ');
  for (const entry of corpus_bleu) {
    const { hypotheses, references } = corpora[entry.corpus];
    const options = camelKeys(entry) as BleuOptions;
    const bleu = corpusBleu(hypotheses, references, options);
    const name = nameOf(entry);
    yield near('bleu', name, 'score', () => bleu.score, entry.score, EXACT);
    yield near('bleu', name, 'precisions', () => bleu.precisions, entry.precisions, EXACT);
    yield near(
      'bleu',
      name,
      'counts',
      () => [bleu.brevityPenalty, bleu.systemLength, bleu.referenceLength, ...bleu.counts, ...bleu.totals],
      [entry.bp, entry.sys_len, entry.ref_len, ...entry.counts, ...entry.totals],
      EXACT,
    );
    yield equal('bleu', name, 'signature', () => bleuSignature(references[0].length, options), entry.signature);
  }
  for (const entry of sentence_bleu) {
    const { hypotheses, references } = corpora[entry.corpus];
    const scores = () =>
      hypotheses.map(
        (text: string, i: number) => sentenceBleu(text, references[i], camelKeys(entry) as BleuOptions).score,
      );
    yield near('sentence bleu', nameOf(entry), 'scores', scores, entry.scores, EXACT);
  }
  for (const entry of chrf) {
    const { hypotheses, references } = corpora[entry.corpus];
    const options = camelKeys(entry) as ChrfOptions;
    const name = nameOf(entry);
    yield near('chrf', name, 'score', () => corpusChrf(hypotheses, references, options), entry.score, EXACT);
    yield near(
      'chrf',
      name,
      'sentences',
      () => hypotheses.map((text: string, i: number) => sentenceChrf(text, references[i], options)),
      entry.sentence_scores,
      EXACT,
    );
    yield equal('chrf', name, 'signature', () => chrfSignature(references[0].length, options), entry.signature);
  }
  for (const entry of ter) {
    const { hypotheses, references } = corpora[entry.corpus];
    yield near(
      'ter',
      nameOf(entry),
      'score',
      () => corpusTer(hypotheses, references, camelKeys(entry) as TerOptions),
      entry.score,
      EXACT,
    );
  }
  for (const { text, ...cut } of tokenized) {
    for (const [tokenizer, expected] of Object.entries(cut)) {
      yield equal('tokenizer', tokenizer, text, () => bleuTokenizers[tokenizer as BleuTokenizer](text), expected);
    }
  }
}

function* nltk(recorded: Recorded, { hypotheses, references }: Recorded): Generator<Check> {
  const cut = (text: string): string[] =>
    text
      .toLowerCase()
      .split(/\s+/)
      .filter(word => word !== '');
  const own: string[][] = hypotheses.map(cut);
  const others: string[][][] = references.map((all: string[]) => all.map(cut));
  for (const [name, expected] of Object.entries(recorded.corpus_bleu)) {
    const maxNgramOrder = Number(name[0]);
    yield near('nltk bleu', name, 'score', () => nltkBleu(own, others, { maxNgramOrder }), expected as number, EXACT);
  }
  for (const smoothing of [1, 2, 3, 4] as const) {
    const scores = () => own.map((words, i) => nltkBleu([words], [others[i]], { smoothing }));
    yield near(
      'nltk bleu',
      `method ${smoothing}`,
      'sentences',
      scores,
      recorded[`sentence_bleu_method${smoothing}`],
      EXACT,
    );
  }
}

function* rouge({ plain, stemmed, chinese_characters, tolerance }: Recorded): Generator<Check> {
  const within = { atol: tolerance.atol, rtol: 0 };
  const characters = { tokenize: (text: string) => [...text] };
  const sets = [
    ['plain', plain, {}],
    ['stemmed', stemmed, { useStemmer: true }],
    ['characters', chinese_characters, characters],
  ] as const;
  for (const [name, cases, options] of sets) {
    for (const { prediction, reference, ...expected } of cases) {
      const found: Record<string, () => Prf> = {
        rouge1: () => rougeN(1, prediction, reference, options),
        rouge2: () => rougeN(2, prediction, reference, options),
        rougeL: () => rougeL(prediction, reference, options),
      };
      for (const [key, value] of Object.entries(expected)) {
        const [kind, part] = key.split('_');
        const of = part === 'fmeasure' ? 'f1' : (part as keyof Prf);
        yield near(`rouge ${name}`, prediction.slice(0, 30), key, () => found[kind]()[of], value as number, within);
      }
    }
  }
}

function* reports(section: string, name: string, report: PrfReport, recorded: Recorded): Generator<Check> {
  for (const kind of ['micro', 'macro', 'weighted'] as const) {
    for (const key of ['precision', 'recall', 'f1'] as const) {
      if (recorded[kind]?.[key] !== undefined)
        yield near(section, name, `${kind} ${key}`, () => report[kind][key], recorded[kind][key], EXACT);
    }
  }
  for (const [key, values] of Object.entries(recorded.per_class ?? {})) {
    yield near(
      section,
      name,
      `${key} of each`,
      () => report.perLabel.map(one => one[key as keyof typeof one]),
      values as number[],
      EXACT,
    );
  }
}

function* classification({
  multiclass,
  binary,
  constant_prediction: constant,
  multilabel,
  regression,
}: Recorded): Generator<Check> {
  const section = 'classification';
  for (const [name, set] of Object.entries({ multiclass, binary, constant }) as [string, Recorded][]) {
    yield* reports(section, name, prfReport(set.true, set.pred), set);
    const measures = { accuracy, mcc, balanced_accuracy: balancedAccuracy, cohen_kappa: cohenKappa };
    for (const [key, measure] of Object.entries(measures)) {
      if (set[key] !== undefined) yield near(section, name, key, () => measure(set.true, set.pred), set[key], EXACT);
    }
    if (set.confusion_matrix)
      yield equal(section, name, 'confusion', () => confusion(set.true, set.pred).counts, set.confusion_matrix);
  }
  const positive = prfReport(binary.true, binary.pred).perLabel[1];
  for (const key of ['precision', 'recall', 'f1'] as const)
    yield near(section, 'binary', key, () => positive[key], binary[key], EXACT);
  yield near(section, 'binary', 'roc auc', () => rocAuc(binary.score, binary.true), binary.roc_auc, EXACT);
  yield near(
    section,
    'binary',
    'average precision',
    () => averagePrecision(binary.score, binary.true),
    binary.average_precision,
    EXACT,
  );
  yield near(section, 'binary', 'brier', () => binaryBrier(binary.score, binary.true), binary.brier, EXACT);
  yield near(
    section,
    'binary',
    'log loss',
    () =>
      logLoss(
        binary.score.map((p: number) => [1 - p, p]),
        binary.true,
      ),
    binary.log_loss,
    EXACT,
  );
  yield* reports(section, 'multilabel', multilabelReport(multilabel.true, multilabel.pred), multilabel);
  yield near(
    section,
    'multilabel',
    'subset accuracy',
    () => subsetAccuracy(multilabel.true, multilabel.pred),
    multilabel.subset_accuracy,
    EXACT,
  );
  yield near(
    section,
    'multilabel',
    'hamming loss',
    () => hammingLoss(multilabel.true, multilabel.pred),
    multilabel.hamming_loss,
    EXACT,
  );
  const measures = { mse: meanSquaredError, mae: meanAbsoluteError, r2: rSquared, pearson, spearman };
  for (const [key, measure] of Object.entries(measures)) {
    yield near('regression', '', key, () => measure(regression.true, regression.pred), regression[key], EXACT);
  }
}

function* reliability(recorded: Recorded): Generator<Check> {
  const within = { atol: recorded.tolerance.atol, rtol: 0 };
  const { label, confidence } = topOf(recorded.probabilities);
  const right = label.map((best, i) => Number(best === recorded.labels[i]));
  const sets = [
    ['multiclass', confidence, right],
    ['binary', recorded.binary_probabilities, recorded.binary_labels],
  ] as const;
  for (const [name, confidences, hits] of sets) {
    for (const { n_bins: bins, norm, value } of recorded[name]) {
      const key = ({ l1: 'ece', l2: 'rmsce', max: 'mce' } as const)[norm as 'l1'];
      yield near(
        'calibration',
        `${name}, ${bins} bins`,
        key,
        () => calibration(confidences, hits, { bins })[key],
        value,
        within,
      );
    }
  }
  const { logits, labels, mean_nll, perplexity } = recorded.perplexity;
  const loss = () =>
    logLoss(
      logits.map((row: number[]) => softmax(row)),
      labels,
    );
  yield near('calibration', 'perplexity', 'loss', loss, mean_nll, { atol: 1e-6, rtol: 1e-6 });
  yield near('calibration', 'perplexity', 'perplexity', () => Math.exp(loss()), perplexity, { atol: 1e-6, rtol: 1e-6 });
}

function* reading({ rows, exact_match, f1 }: Recorded): Generator<Check> {
  for (const { prediction, answers, normalized_prediction, exact, f1: expected } of rows) {
    yield equal('squad', prediction, 'normalized', () => normalizeAnswer(prediction), normalized_prediction);
    yield near('squad', prediction, 'exact match', () => Number(squadExactMatch(prediction, answers)), exact, EXACT);
    yield near('squad', prediction, 'f1', () => squadF1(prediction, answers), expected, EXACT);
  }
  yield near(
    'squad',
    'all',
    'exact match',
    () => 100 * mean(rows.map((row: Recorded) => Number(squadExactMatch(row.prediction, row.answers)))),
    exact_match,
    EXACT,
  );
  yield near(
    'squad',
    'all',
    'f1',
    () => 100 * mean(rows.map((row: Recorded) => squadF1(row.prediction, row.answers))),
    f1,
    EXACT,
  );
}

function* spans(recorded: Recorded): Generator<Check> {
  for (const [name, isStrict] of [
    ['default', false],
    ['strict_iob2', true],
  ] as const) {
    const report = spanReport(recorded.true, recorded.pred, { isStrict });
    const expected = recorded[name];
    yield* reports('spans', name, report, expected);
    for (const [type, values] of Object.entries(expected.per_type) as [string, Record<string, number>][]) {
      const own = report.perLabel[report.labels.indexOf(type)];
      yield near(
        'spans',
        `${name} ${type}`,
        'all',
        () => [own.precision, own.recall, own.f1, own.support],
        [values.precision, values.recall, values.f1, values.support],
        EXACT,
      );
    }
  }
}
