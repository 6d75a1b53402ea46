/** What an answer is worth: the value of each metric for one document. */
import { usageError } from '../../support/errors.ts';
import { cmrcExactMatch, cmrcF1 } from '../metrics/cmrc.ts';
import { exactMatch } from '../metrics/exact-match.ts';
import type { Prf } from '../metrics/f1.ts';
import { type RougeOptions, rougeL, rougeLsum, rougeN } from '../metrics/rouge.ts';
import { squadExactMatch, squadF1 } from '../metrics/squad.ts';
import { softmax } from './choice-probabilities.ts';
import type { Doc } from './datasets.ts';
import { choicesOf, hasChoices, naming, targetOf, textOf, type Where } from './fields.ts';
import { pythonStr } from './python-literals.ts';
import { rollingScores } from './rolling-scores.ts';
import type { Task } from './task.ts';
import type { TaskMetric } from './task-metrics.ts';
import { render } from './templates.ts';

/** A number, or what an aggregation takes: pairs. */
export type Scores = Record<string, unknown>;

/** What is to be run before there is a number. */
export interface Programs {
  programs: readonly string[];
  k: unknown;
}

/** Log-probability, and whether every token was the most probable one. */
export type Likelihood = readonly [logProb: number, isGreedy: boolean];

/**
 * @param answers of the document's requests, filtered
 * @throws UserError that names the document, for a target that is none of the choices
 */
export function scoresOf(
  task: Task,
  metrics: readonly TaskMetric[],
  doc: Doc,
  answers: readonly unknown[],
  where: Where,
): Scores {
  const names = new Set(metrics.map(({ name }) => name));
  const all = ((): Scores => {
    const twin = task.twins?.results;
    if (twin) return naming(`${where}: process_results`, () => twin(doc, answers));
    switch (task.config.output_type) {
      case 'loglikelihood': {
        const [logProb, isGreedy] = answers[0] as Likelihood;
        return { perplexity: logProb, acc: Number(isGreedy) };
      }
      case 'loglikelihood_rolling':
        return rollingScores(String(targetOf(task, doc, where)), answers[0] as number);
      case 'multiple_choice':
        return choiceScores(task, doc, answers as Likelihood[], where, names.has('acc_mutual_info'));
      case 'similarity': {
        const pair = [Number(pythonStr(targetOf(task, doc, where))), answers[0]];
        return { spearman: pair, pearson: pair, kendall: pair };
      }
      default:
        return generationScores(task, metrics, doc, answers[0], where);
    }
  })();
  if (names.has('bypass')) all.bypass = null;
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.has(name)));
}

/** The number of the largest; of equal ones the first. */
const best = (values: readonly number[]): number =>
  values.reduce(
    (at, value, i) => (value > values[at] || (Number.isNaN(value) && !Number.isNaN(values[at])) ? i : at),
    0,
  );

function choiceScores(task: Task, doc: Doc, answers: readonly Likelihood[], where: Where, isRelative: boolean): Scores {
  const choices = choicesOf(task, doc, where);
  const all = answers.map(([logProb]) => logProb);
  const logProbs = isRelative ? all.slice(0, choices.length) : all;
  const gold = goldOf(task, doc, choices, where);
  const isRight = (choice: number): number => Number(gold.includes(choice));
  const isMatched = gold.some(choice => choice >= 0 && answers[choice]?.[1]);
  const first = task.hasTargets ? gold : gold[0];
  const scores: Scores = {
    acc: isRight(best(logProbs)),
    f1: [first, best(logProbs)],
    mcc: [first, best(logProbs)],
    acc_norm: isRight(best(logProbs.map((value, i) => value / [...choices[i]].length))),
    acc_bytes: isRight(best(logProbs.map((value, i) => value / Buffer.byteLength(choices[i])))),
    exact_match: Number(isMatched),
    brier_score: [first, softmax(logProbs)],
    likelihood: [first, logProbs],
  };
  if (isRelative) scores.acc_mutual_info = isRight(best(logProbs.map((value, i) => value - all[choices.length + i])));
  return scores;
}

/** Numbers of the right choices. */
export function goldOf(task: Task, doc: Doc, choices: readonly string[], where: Where): number[] {
  const given = task.hasContexts ? textOf(task, doc, where) : targetOf(task, doc, where);
  return [given].flat().map(target => {
    const choice = typeof target === 'string' ? choices.indexOf(target) : Number(target);
    if (Number.isInteger(choice) && choice >= 0 && choice < choices.length) return choice;
    throw usageError(
      'TSLM_TARGET',
      `${where}: the target ${pythonStr(target)} is none of the ${choices.length} choices`,
      'doc_to_target gives a number from 0, or the text of a choice',
    );
  });
}

type Overlap = (text: string, gold: readonly string[], options: TaskMetric['options']) => number;

/** With the reference that suits best. */
const rouge =
  (of: (text: string, reference: string, options: RougeOptions) => Prf): Overlap =>
  (text, gold, { use_stemmer: useStemmer }) =>
    Math.max(...gold.map(one => of(text, one, { useStemmer: useStemmer === true }).f1));

/** What a written text shares with its references. */
const OVERLAPS: Readonly<Record<string, Overlap>> = {
  rouge1: rouge((text, one, options) => rougeN(1, text, one, options)),
  rouge2: rouge((text, one, options) => rougeN(2, text, one, options)),
  rougeL: rouge(rougeL),
  rougeLsum: rouge(rougeLsum),
  squad_exact: (text, gold) => Number(squadExactMatch(text, gold)),
  squad_f1: squadF1,
  cmrc_exact: (text, gold) => Number(cmrcExactMatch(text, gold)),
  cmrc_f1: cmrcF1,
};

function generationScores(task: Task, metrics: readonly TaskMetric[], doc: Doc, answer: unknown, where: Where): Scores {
  const gold = references(task, doc, where);
  const text =
    typeof answer === 'string'
      ? answer
      : answer === null || answer === undefined
        ? ''
        : Array.isArray(answer)
          ? answer
          : String(answer);
  return Object.fromEntries(
    metrics.map(({ name, options }) => {
      const written = [text].flat().map(String);
      if (name in OVERLAPS) return [name, OVERLAPS[name](written[0] ?? '', gold, options)];
      if (options.program !== undefined) {
        const program = (own: string): string =>
          render(options.program as string, { ...doc, answer: own }, `${where}: program`);
        return [name, { programs: written.map(program), k: options.k } satisfies Programs];
      }
      if (name !== 'exact_match') return [name, [task.hasTargets ? gold : gold[0], text]];
      const settings = {
        ignoreCase: options.ignore_case as boolean,
        ignorePunctuation: options.ignore_punctuation as boolean,
        ignoreNumbers: options.ignore_numbers as boolean,
        regexesToIgnore: (options.regexes_to_ignore ?? undefined) as string[] | undefined,
      };
      return [name, Number(gold.some(reference => exactMatch(String(text), reference, settings)))];
    }),
  );
}

function references(task: Task, doc: Doc, where: Where): string[] {
  const target = targetOf(task, doc, where);
  if (hasChoices(task) && !Array.isArray(target)) {
    const choices = choicesOf(task, doc, where);
    const choice = choices[Number(target)];
    if (choice !== undefined) return [choice];
    throw usageError(
      'TSLM_TARGET',
      `${where}: the target ${pythonStr(target)} is none of the ${choices.length} choices`,
      'doc_to_target gives a number from 0',
    );
  }
  return [target].flat().map(pythonStr);
}
