/** Python functions that a task file names, each with the twin that stands for it; what has none stays, and is refused. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { namingFile } from '../../support/errors.ts';
import type { Doc } from './data-files.ts';
import { type RawConfig, Tagged } from './task-files.ts';
import type { Twin } from './twins/twin.ts';
import { twinsOf } from './twins/twins.ts';

const FIELDS = ['doc_to_text', 'doc_to_target', 'doc_to_choice'] as const;

export interface TaskTwins {
  docs?: (docs: readonly Doc[]) => Doc[];
  fields: Partial<Record<(typeof FIELDS)[number], (doc: Doc) => unknown>>;
  results?: (doc: Doc, answers: readonly unknown[]) => Record<string, unknown>;
  /** What the task file says: `{process_docs: '!function utils.process_docs'}`. */
  names: Record<string, string>;
}

/** @returns the fields without those that have twins, and these */
export function bindTwins(config: RawConfig): { config: RawConfig; twins?: TaskTwins } {
  const twins: TaskTwins = { fields: {}, names: {} };
  let rest = config;
  const bind = (field: string, use: (twin: Twin) => boolean): void => {
    const value = rest[field];
    const twin = value instanceof Tagged ? twinOf(value) : undefined;
    if (!(value instanceof Tagged) || !twin || !use(twin)) return;
    twins.names[field] = `${value.tag} ${value.value}`;
    const { [field]: _, ...others } = rest;
    rest = others;
  };
  bind('class', twin => {
    if (!('task' in twin)) return false;
    twins.results = twin.results;
    rest = { ...twin.task, ...rest };
    return true;
  });
  bind('process_docs', twin => {
    if (!('docs' in twin)) return false;
    twins.docs = twin.docs;
    return true;
  });
  for (const field of FIELDS) {
    bind(field, twin => {
      if (!('field' in twin)) return false;
      twins.fields[field] = twin.field;
      return true;
    });
  }
  bind('process_results', twin => {
    if (!('results' in twin) || 'task' in twin) return false;
    twins.results = twin.results;
    return true;
  });
  if (Array.isArray(rest.metric_list)) rest = { ...rest, metric_list: rest.metric_list.map(withAggregation) };
  return Object.keys(twins.names).length > 0 ? { config: rest, twins } : { config: rest };
}

function withAggregation(entry: unknown): unknown {
  if (typeof entry !== 'object' || entry === null) return entry;
  const { aggregation } = entry as { aggregation?: unknown };
  const twin = aggregation instanceof Tagged ? twinOf(aggregation) : undefined;
  return twin && 'aggregation' in twin ? { ...entry, aggregation: twin.aggregation } : entry;
}

/** `utils.process_docs` beside the file that names it, where utils.py is one that is known. */
function twinOf({ tag, value, file }: Tagged): Twin | undefined {
  if (tag !== '!function') return undefined;
  const [, module, name] = value.match(/^(.+)\.([^.]+)$/) ?? [];
  if (module === undefined) return undefined;
  const path = resolve(dirname(file), `${module.replaceAll('.', '/')}.py`);
  if (!existsSync(path)) return undefined;
  const hash = createHash('sha256')
    .update(namingFile(path, () => readFileSync(path)))
    .digest('hex');
  const functions = twinsOf.get(hash)?.functions ?? {};
  return Object.hasOwn(functions, name) ? functions[name] : undefined;
}
