/**
 * Whether a candidate may take the champion's place. It must be better at what held-out judgements ask for, whoever of the people one
 * leaves out, and no guard may fall past its margin: the loss on text from before, the golden conversations. All tests are paired.
 */
import type { Model } from '../../models/model.ts';
import type { Lesson } from '../lessons/lessons.ts';
import type { LearningSettings } from '../settings.ts';
import type { Workbench } from '../update/update.ts';
import { figureOf, leaveOneUserOut, trimmedByUser } from './compare.ts';
import type { Decision, Figure, Guard } from './decision.ts';
import { type Golden, goldenScores } from './golden.ts';
import { type GateItem, gateItems, lossOf, rawScores } from './score.ts';

/** Held-out judgements, with fewer of which nothing can be said. */
const LEAST_ITEMS = 5;

export interface GateOptions {
  heldOut: readonly Lesson[];
  golden: readonly Golden[];
  settings: LearningSettings;
}

export function decide(bench: Workbench, candidate: Model, { heldOut, golden, settings }: GateOptions): Decision {
  const { champion, tokenizer, replay } = bench;
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
  const guard = (name: string, figure: Figure, margin: number): void => {
    const passed = figure.interval[0] >= -margin;
    guards.push({ name, ...figure, margin, passed });
    if (!passed) reasons.push(`${name} falls`);
  };
  const likely = judged && likelihoods(judged);
  if (likely) guard('wanted answers', figureOf(likely.candidate, likely.champion), settings.gate.likelihoodMargin);
  if (replay) {
    const losses = (model: Model): number[] =>
      replay.heldOut.map(example => -lossOf(model, replay.measured, [example]));
    const figure = figureOf(losses(candidate), losses(champion));
    guard('original text', figure, settings.gate.lossMargin * Math.abs(figure.champion));
  }
  if (golden.length > 0) {
    const scores = (model: Model): number[] => goldenScores(model, tokenizer, golden);
    guard('golden conversations', figureOf(scores(candidate), scores(champion)), settings.gate.goldenMargin);
  }
  const passed = reasons.length === 0;
  return { passed, sentence: sentenceOf(passed, target, guards, reasons), ...(target && { target }), guards, reasons };
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

const signed = (value: number): string => `${value >= 0 ? '+' : '−'}${Math.abs(value).toFixed(2)}`;
const percent = (value: number): string => `${value >= 0 ? '+' : '−'}${Math.abs(100 * value).toFixed(1)}`;

function sentenceOf(
  passed: boolean,
  target: Decision['target'],
  guards: readonly Guard[],
  reasons: readonly string[],
): string {
  const gain = target
    ? `${percent(target.difference)} points on ${target.items} held-out judgements (95 %: ${percent(target.interval[0])} to ${percent(target.interval[1])})`
    : 'nothing is known of held-out judgements';
  const kept = guards.map(({ name, difference, champion, passed: isKept }) => {
    const change =
      name === 'wanted answers'
        ? `${signed(difference)} nats a token`
        : name === 'original text'
          ? `loss ${percent(-difference / Math.abs(champion))} %`
          : percent(difference);
    return `${name} ${change}${isKept ? '' : ', past its margin'}`;
  });
  const figures = [gain, ...kept].join('; ');
  return passed ? `Passed: ${figures}.` : `Rejected, ${reasons.join(' and ')}: ${figures}.`;
}
