/** Scores of groups from those of their tasks. */
import { pooledError, unweightedError } from '../statistics/means.ts';
import type { Aggregated } from './aggregations.ts';
import type { GroupResult, TaskResult } from './evaluation-result.ts';
import { type GroupNode, type Node, tasksBelow } from './task-library.ts';

/** Those inside of others first. */
export function groupResults(nodes: readonly Node[], tasks: readonly TaskResult[]): GroupResult[] {
  const byName = new Map(tasks.map(task => [task.name, task]));
  return groupsBelow(nodes).map(node => {
    const own = tasksBelow(node.children).map(({ name }) => byName.get(name)!);
    const metrics = node.config.aggregate_metric_list ?? [];
    const values = metrics.flatMap(({ metric, weight_by_size, filter_list }) =>
      (filter_list ?? filtersOf(metric, own)).flatMap(filter => {
        const key = `${metric},${filter}`;
        const value = combined(key, own, weight_by_size);
        return value ? [[key, value] as const] : [];
      }),
    );
    const effective = metrics.length > 0 ? own.reduce((sum, task) => sum + task.effective, 0) : 0;
    return { name: node.name, alias: node.config.group_alias ?? node.name, node, effective, values: new Map(values) };
  });
}

export function groupsBelow(nodes: readonly Node[]): GroupNode[] {
  const found = new Map<string, GroupNode>();
  const visit = (node: Node): void => {
    if (node.kind === 'task') return;
    node.children.forEach(visit);
    found.set(node.name, node);
  };
  nodes.forEach(visit);
  return [...found.values()];
}

const filtersOf = (metric: string, tasks: readonly TaskResult[]): string[] =>
  [...new Set(tasks.flatMap(({ values }) => [...values.keys()].filter(key => key.startsWith(`${metric},`))))]
    .map(key => key.slice(metric.length + 1))
    .sort();

/** Weighted by documents, or each task alike; the standard error is that of the mean that is given. */
function combined(key: string, tasks: readonly TaskResult[], bySize: boolean): Aggregated | undefined {
  const having = tasks.filter(({ values }) => values.has(key));
  if (having.length === 0) return undefined;
  const sizes = having.map(({ effective }) => effective);
  const weights = bySize ? sizes : sizes.map(() => 1);
  const found = having.map(({ values }) => values.get(key)!);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const value = found.reduce((sum, one, i) => sum + one.value * weights[i], 0) / total;
  const errors = found.flatMap(({ stderr }) => (stderr === 'N/A' ? [] : [stderr]));
  if (errors.length < found.length) return { value, stderr: 'N/A' };
  return { value, stderr: bySize ? pooledError(errors, sizes) : unweightedError(errors) };
}
