/**
 * Whether a candidate may take the champion's place. It must be better at what held-out judgements ask for, whoever of the people one
 * leaves out, and no guard may fall past its margin: the loss on text from before, benchmarks, golden conversations, safety checks. All
 * tests are paired.
 */
import type { Said } from '../../data/rows/rows.ts';
import { mean } from '../../evaluate/statistics/means.ts';
import type { Model } from '../../models/model.ts';
import { usageError } from '../../support/errors.ts';
import type { Lesson } from '../lessons/lessons.ts';
import type { LearningSettings } from '../settings.ts';
import { heldOutLosses, type Workbench } from '../update/workbench.ts';
import { type Benchmark, benchmarkFigure, openBenchmarks } from './benchmarks.ts';
import { figureOf, leaveOneUserOut, trimmedByUser } from './compare.ts';
import type { Decision, Figure, Guard, Unit } from './decision.ts';
import { type Golden, goldenScores, readGolden } from './golden.ts';
import { readSafety, type SafetyCheck, safetyScores } from './safety.ts';
import { type GateItem, gateItems, rawScores } from './score.ts';
import { sentenceOf } from './sentence.ts';

/** Held-out judgements, with fewer of which nothing can be said. */
const LEAST_ITEMS = 5;
/** Prompts of people that what must never be written is looked for in, and tokens of the answers to them. */
const MOST_PROMPTS = 32;
const MOST_TOKENS = 64;

/** What the gate asks besides judgements and text from before. */
export interface Checks {
  golden: readonly Golden[];
  safety: readonly SafetyCheck[];
  benchmarks: readonly Benchmark[];
}

/** @throws UserError for a file, a task or data that cannot be read: before anything is trained */
export const readChecks = (folder: string, settings: LearningSettings): Checks => ({
  golden: readGolden(folder),
  safety: readSafety(folder),
  benchmarks: openBenchmarks(folder, settings),
});

/** @throws UserError when the model writes nothing that they could be about */
export function requireAnswers({ task }: Model, { golden, safety }: Checks): void {
  if (golden.length + safety.length === 0 || task === 'causalLM') return;
  throw usageError(
    'TSLM_NOT_SUPPORTED',
    `golden conversations and safety checks are about what a model writes, and this one has the head ${task}`,
    'take golden.jsonl and safety.jsonl out of the folder',
  );
}

export interface GateOptions extends Checks {
  heldOut: readonly Lesson[];
  settings: LearningSettings;
}

export async function decide(
  bench: Workbench,
  candidate: Model,
  { heldOut, golden, safety, benchmarks, settings }: GateOptions,
): Promise<Decision> {
  const { champion, tokenizer, replay } = bench;
  const { gate } = settings;
  candidate.eval();
  const reasons: string[] = [];
  const judged = judgedBy(bench, candidate, heldOut, settings.update.beta);
  const target = judged && targetOf(judged);
  if (target === undefined) reasons.push(`fewer than ${LEAST_ITEMS} held-out judgements`);
  else {
    if (!(target.interval[0] > 0)) reasons.push('not surely better on held-out judgements');
    else if (!(target.trimmed > 0)) reasons.push('better by a few people alone');
    else if (target.leaveOneOut && !(target.leaveOneOut.difference > 0)) reasons.push('better by one person alone');
  }
  const guards: Guard[] = [];
  const likely = judged && likelihoods(judged);
  if (likely) {
    const figure = figureOf(likely.candidate, likely.champion);
    guards.push(guardOf('wanted answers', 'nats', figure, gate.likelihoodMargin));
  }
  if (replay) {
    const losses = (model: Model): number[] => heldOutLosses(model, replay).map(loss => -loss);
    const figure = figureOf(losses(candidate), losses(champion));
    const guard = guardOf('original text', 'nats', figure, gate.lossMargin * Math.abs(figure.champion));
    // What rounds lose adds up, and is not to: beside the model itself the mean alone counts, since an interval widens with every round.
    const fromBase = -figure.candidate / mean(bench.baseLosses()) - 1;
    guards.push({ ...guard, fromBase, passed: guard.passed && fromBase <= gate.lossMargin });
  }
  for (const benchmark of benchmarks) {
    const { figure, isShare } = await benchmarkFigure(candidate, champion, tokenizer, benchmark);
    const margin = isShare ? benchmark.margin : benchmark.margin * Math.abs(figure.champion);
    guards.push(guardOf(`benchmark ${benchmark.task}`, isShare ? 'points' : 'own', figure, margin));
  }
  if (golden.length > 0) {
    const scores = (model: Model): number[] => goldenScores(model, tokenizer, golden);
    guards.push(answersGuard('golden conversations', scores(candidate), scores(champion), gate.goldenMargin));
  }
  if (safety.length > 0) {
    const others = [...golden.map(({ prompt }) => prompt), ...promptsOf(heldOut)].slice(0, MOST_PROMPTS);
    const options = { others, refusals: gate.refusals, drawn: gate.safetyDraws, maxTokens: MOST_TOKENS };
    const scores = (model: Model): number[] => safetyScores(model, tokenizer, safety, options);
    guards.push(answersGuard('safety checks', scores(candidate), scores(champion), gate.safetyMargin));
  }
  for (const { name, passed } of guards) if (!passed) reasons.push(`${name} ${/s$/.test(name) ? 'fall' : 'falls'}`);
  const passed = reasons.length === 0;
  return { passed, sentence: sentenceOf(passed, target, guards, reasons), ...(target && { target }), guards, reasons };
}

/** What people have asked, each once. */
const promptsOf = (lessons: readonly Lesson[]): Said[] => [
  ...new Map(lessons.flatMap(({ prompt, row }) => ('prompt' in row ? [[prompt, row.prompt] as const] : []))).values(),
];

const guardOf = (name: string, unit: Unit, figure: Figure, margin: number): Guard => ({
  name,
  unit,
  ...figure,
  margin,
  passed: figure.interval[0] >= -margin,
});

/** Answers are no sample of something larger, so that there is nothing to be unsure of: each that is lost counts. */
function answersGuard(name: string, candidate: number[], champion: number[], margin: number): Guard {
  const lost = champion.filter((score, i) => score > candidate[i]).length;
  const figure = figureOf(candidate, champion);
  return { name, unit: 'answers', ...figure, margin, lost, passed: lost <= margin * champion.length };
}

interface Judged {
  items: GateItem[];
  /** What candidate and champion say of each. */
  a: number[][];
  b: number[][];
}

function judgedBy(
  { champion, context }: Workbench,
  candidate: Model,
  heldOut: readonly Lesson[],
  beta: number,
): Judged | undefined {
  const items = gateItems(heldOut, context, beta);
  if (items.length < LEAST_ITEMS) return undefined;
  const [a, b] = [candidate, champion].map(model => rawScores(model, items, context));
  return { items, a, b };
}

/**
 * Log-probability a token of the answers that people want: preferences are also learnt by making both answers unlikelier (Pal et al.
 * 2024), which is not what anybody asked for.
 */
function likelihoods({ items, a, b }: Judged): { candidate: number[]; champion: number[] } | undefined {
  const wanted = items.flatMap(({ wanted: which, answers }, i) => {
    if (which === undefined) return [];
    const { ids, prompt } = answers[which];
    const tokens = ids.length - Math.max(1, prompt);
    return [{ candidate: a[i][which] / tokens, champion: b[i][which] / tokens }];
  });
  if (wanted.length < LEAST_ITEMS) return undefined;
  return { candidate: wanted.map(one => one.candidate), champion: wanted.map(one => one.champion) };
}

function targetOf({ items, a, b }: Judged): Decision['target'] {
  const scores = items.map(({ score }, i) => score(a[i], b[i]));
  const users = items.map(({ user }) => user);
  const differences = scores.map(one => one.candidate - one.champion);
  const without = leaveOneUserOut(differences, users).sort((x, y) => x.difference - y.difference);
  return {
    ...figureOf(
      scores.map(one => one.candidate),
      scores.map(one => one.champion),
      users,
    ),
    trimmed: trimmedByUser(differences, users),
    ...(without.length > 0 && { leaveOneOut: without[0] }),
  };
}
