/** Scores of tasks as a table: values with their intervals, and what a guess and lesser models score beside them. */
import type { EvaluationResult, GroupResult, TaskResult } from '../../evaluate/harness/evaluation-result.ts';
import { printRows } from '../print.ts';

/** Metrics that say how often an answer is right: chance and the most frequent answer are floors of those. */
const COUNTED = ['acc', 'acc_norm', 'acc_bytes', 'acc_mutual_info', 'exact_match'];

/** By task and model of the floor, by metric and filter. */
export type FloorScores = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, number>>>>>>;

/** One line a metric: groups last. */
export function printEvaluation({ tasks, groups }: EvaluationResult, floors: FloorScores = {}): void {
  const lesser = [...new Set(Object.values(floors).flatMap(Object.keys))];
  const head = ['task', 'metric', 'value', '', '95 %', 'chance', 'majority', ...lesser, 'documents'];
  const rows = [
    head,
    ...tasks.flatMap(task => taskRows(task, floors[task.name] ?? {}, lesser)),
    ...groups.flatMap(group => groupRows(group, lesser.length)),
  ];
  const isUsed = (column: number): boolean => column < 3 || rows.slice(1).some(row => row[column] !== '');
  const columns = [...head.keys()].filter(isUsed);
  const numbers = columns.flatMap((column, i) => (column === 2 || column > 4 ? [i] : []));
  printRows(
    rows.map(row => columns.map(column => row[column])),
    { right: numbers },
  );
  const clustered = tasks.flatMap(({ alias, uncertainty }) => {
    const found = [...uncertainty.values()].find(({ clusters }) => clusters !== undefined);
    return found
      ? [`${alias}: documents that share '${found.clusterField}' count together, ${found.clusters} of them`]
      : [];
  });
  if (clustered.length > 0) process.stdout.write(`\n${clustered.join('\n')}\n`);
}

function taskRows(task: TaskResult, floors: FloorScores[string], lesser: readonly string[]): string[][] {
  return [...task.values].map(([key, { value, stderr }]) => {
    const [metric] = key.split(',');
    const known = task.uncertainty.get(key);
    const { chance, majority } = COUNTED.includes(metric) ? task.floors : {};
    return [
      task.alias,
      labelOf(key),
      value.toFixed(4),
      known ? `± ${known.stderr.toFixed(4)}` : errorText(stderr),
      known ? `${known.interval[0].toFixed(4)}–${known.interval[1].toFixed(4)}` : '',
      metric === 'exact_match' ? '' : (chance?.toFixed(4) ?? ''),
      majority?.toFixed(4) ?? '',
      ...lesser.map(name => floors[name]?.[key]?.toFixed(4) ?? ''),
      String(task.effective),
    ];
  });
}

const groupRows = ({ alias, values, effective }: GroupResult, lesser: number): string[][] =>
  [...values].map(([key, { value, stderr }]) => [
    alias,
    labelOf(key),
    value.toFixed(4),
    errorText(stderr),
    ...new Array<string>(3 + lesser).fill(''),
    String(effective),
  ]);

const errorText = (stderr: number | 'N/A'): string => (stderr === 'N/A' ? '' : `± ${stderr.toFixed(4)}`);

/** `acc,none` → `acc`; another filter in parentheses. */
function labelOf(key: string): string {
  const [metric, filter] = key.split(/,(.*)/s);
  return filter === 'none' ? metric : `${metric} (${filter})`;
}
