/** A comparison as a person would put it. */
import type { TaskComparison } from './comparison.ts';

/** Below this a difference counts as found. */
const LEVEL = 0.05;

/** What a pair of models comes to: where one is better, and what could have been seen where none is. */
export function sentenceOf(a: string, b: string, tasks: readonly TaskComparison[]): string {
  const found = tasks.filter(({ adjustedP }) => adjustedP < LEVEL);
  const isForA = ({ difference, higherIsBetter }: TaskComparison): boolean => difference > 0 === higherIsBetter;
  const [forA, forB] = [found.filter(isForA), found.filter(task => !isForA(task))];
  const rest = tasks.filter(({ adjustedP }) => !(adjustedP < LEVEL));
  const parts = [...claim(a, b, forA), ...claim(b, a, forB)];
  if (parts.length === 0) return `No difference between ${a} and ${b} is shown: ${unseen(rest, tasks.length)}.`;
  if (rest.length > 0)
    parts.push(`${rest.length === 1 ? 'one task shows' : `${rest.length} tasks show`} no difference`);
  return `${parts.join('; ')}.`;
}

function claim(winner: string, loser: string, tasks: readonly TaskComparison[]): string[] {
  if (tasks.length === 0) return [];
  const each = tasks.map(task => `${gapOf(task)} in ${labelOf(task)} (${pText(task.adjustedP)})`);
  return [`${winner} is better than ${loser} by ${each.join(', by ')}`];
}

/** Of what has no natural size, such as a perplexity, both values. */
function gapOf(task: TaskComparison): string {
  if (isShare(task)) return sizeOf(task);
  const [better, worse] = task.a > task.b === task.higherIsBetter ? [task.a, task.b] : [task.b, task.a];
  return `${number(better)} against ${number(worse)}`;
}

/** Scores between 0 and 1 in points of a hundred. */
const isShare = ({ a, b }: TaskComparison): boolean => [a, b].every(value => value >= 0 && value <= 1);

function sizeOf(task: TaskComparison): string {
  const [scale, unit] = isShare(task) ? [100, ' points'] : [1, ''];
  const half = (task.interval[1] - task.interval[0]) / 2;
  return `${number(Math.abs(task.difference) * scale)} ± ${number(half * scale)}${unit}`;
}

function unseen(tasks: readonly TaskComparison[], of: number): string {
  if (tasks.every(({ difference, error }) => difference === 0 && !(error > 0))) {
    return of === 1 ? 'they give the same answers' : 'they give the same answers in all tasks';
  }
  if (of > 1) {
    const shares = tasks.filter(task => isShare(task) && task.detectable > 0).map(({ detectable }) => 100 * detectable);
    const range =
      shares.length === 0 ? '' : `; the minimum detectable difference is ${number(Math.min(...shares))} points at best`;
    return `in none of ${of} tests is p below ${LEVEL} after Holm's correction${range}`;
  }
  const [task] = tasks;
  const [scale, unit] = isShare(task) ? [100, ' points'] : [1, ''];
  const least =
    task.detectable > 0 ? `; the minimum detectable difference is ${number(task.detectable * scale)}${unit}` : '';
  return `${sizeOf(task)} in ${labelOf(task)} is within chance (${pText(task.adjustedP)})${least}`;
}

export const labelOf = ({ task, metric, filter }: Pick<TaskComparison, 'task' | 'metric' | 'filter'>): string =>
  `${task} ${metric}${filter === 'none' ? '' : ` (${filter})`}`;

export const pText = (p: number): string => (p < 0.001 ? 'p < 0.001' : `p ${p.toFixed(3)}`);

/** Three digits, at most two of them behind the point. */
const number = (value: number): string =>
  Math.abs(value) >= 10
    ? value.toFixed(1)
    : Math.abs(value) >= 0.1 || value === 0
      ? value.toFixed(2)
      : value.toPrecision(2);
