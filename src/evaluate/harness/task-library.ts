/** The tasks, groups and tags of some folders, by name. Files are read when their tasks are asked for. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { globSync } from 'tinyglobby';
import { type UserError, usageError } from '../../support/errors.ts';
import { nearest } from '../../support/nearest.ts';
import { root } from '../../support/root.ts';
import { parseOptions } from '../../support/schema.ts';
import { bindTwins, type TaskTwins } from './bind-twins.ts';
import { type GroupConfig, groupSchema, type TaskConfig, taskSchema } from './task-config.ts';
import { type RawConfig, readTaskFile, refuseCode } from './task-files.ts';

export interface LibraryEntry {
  name: string;
  kind: 'task' | 'group' | 'tag';
  /** The file; of a tag none. */
  path?: string;
  /** Of a tag: its tasks. */
  tasks?: readonly string[];
}

export interface TaskNode {
  kind: 'task';
  name: string;
  config: TaskConfig;
  path: string;
  /** In place of the Python functions that the file names. */
  twins?: TaskTwins;
}

/** A group with its members. */
export interface GroupNode {
  kind: 'group';
  name: string;
  config: GroupConfig;
  children: readonly Node[];
}

/** A task or a group. */
export type Node = TaskNode | GroupNode;

export interface TaskLibrary {
  readonly entries: ReadonlyMap<string, LibraryEntry>;
  /**
   * What names mean: tasks, groups, tags, and patterns such as `arc_*`.
   *
   * @throws UserError for a name that there is not, and for a file that says what cannot be done
   */
  select(names: readonly string[]): Node[];
}

/** The package's own task files. */
export const ownTasks = join(root, 'tasks');

/**
 * @param folders files and folders with task files; a task of a later one takes the place of one of the same name
 * @throws UserError for a folder that is not there, and for YAML that cannot be read
 */
export function openTaskLibrary(folders: readonly string[] = [ownTasks]): TaskLibrary {
  const entries = new Map<string, LibraryEntry>();
  const raw = new Map<string, RawConfig>();
  const tags = new Map<string, string[]>();
  for (const path of folders.flatMap(yamlFiles)) {
    const config = readTaskFile(path);
    raw.set(path, config);
    const { task, group, tag } = config;
    if (typeof group === 'string') entries.set(group, { name: group, kind: 'group', path });
    else if (typeof task === 'string') {
      entries.set(task, { name: task, kind: 'task', path });
      for (const name of [tag ?? []].flat()) tags.set(String(name), [...(tags.get(String(name)) ?? []), task]);
    }
  }
  for (const [name, tasks] of tags) {
    if (!entries.has(name)) entries.set(name, { name, kind: 'tag', tasks: [...tasks].sort() });
  }

  function select(names: readonly string[]): Node[] {
    const all = [...entries.keys()].sort();
    return names.flatMap(name => {
      if (entries.has(name)) return nodesOf(name, {}, []);
      if (/\.ya?ml$/.test(name) && existsSync(name)) return fromFile(name);
      const matching = /[*?[]/.test(name) ? all.filter(one => globPattern(name).test(one)) : [];
      if (matching.length === 0) throw unknown(name, all);
      return matching.flatMap(one => nodesOf(one, {}, []));
    });
  }

  function fromFile(path: string): Node[] {
    const config = readTaskFile(path);
    return [typeof config.group === 'string' ? groupOf(config, path, []) : taskOf(config, path)];
  }

  /** @param changes fields of a task that its group changes */
  function nodesOf(name: string, changes: RawConfig, above: readonly string[], inGroup?: string): Node[] {
    const entry = entries.get(name);
    if (!entry) throw unknown(name, [...entries.keys()], inGroup);
    if (entry.kind === 'tag') return entry.tasks!.flatMap(task => nodesOf(task, changes, above));
    const config = raw.get(entry.path!)!;
    if (entry.kind === 'task') return [taskOf({ ...config, ...changes }, entry.path!)];
    return [groupOf({ ...config, ...changes }, entry.path!, above)];
  }

  function groupOf(config: RawConfig, path: string, above: readonly string[]): GroupNode {
    refuseCode(config, path);
    const parsed = parseOptions(groupSchema, { ...config, task: [config.task ?? []].flat() }, path);
    if (above.includes(parsed.group))
      throw usageError('TSLM_GROUP_CYCLE', `${path}: the group '${parsed.group}' holds itself`);
    const children = parsed.task.flatMap(child => {
      const next = [...above, parsed.group];
      if (typeof child === 'string') return nodesOf(child, {}, next, path);
      if (typeof child.group === 'string') return [groupOf(child, path, next)];
      const { task, ...changes } = child;
      if (typeof task !== 'string')
        throw usageError('TSLM_BAD_VALUE', `${path}: an entry of 'task' names neither a task nor a group`);
      return entries.has(task) ? nodesOf(task, changes, next, path) : [taskOf(child, path)];
    });
    return { kind: 'group', name: parsed.group, config: parsed, children };
  }

  return { entries, select };
}

function taskOf(raw: RawConfig, path: string): TaskNode {
  const { config, twins } = bindTwins(raw);
  refuseCode(config, path);
  const parsed = parseOptions(taskSchema, config, path);
  return { kind: 'task', name: parsed.task, config: parsed, path, ...(twins && { twins }) };
}

function yamlFiles(folder: string): string[] {
  if (!existsSync(folder))
    throw usageError('TSLM_NO_TASKS', `${folder}: no such folder of task files`, 'check --include-path');
  if (statSync(folder).isFile()) return [folder];
  return globSync('**/*.{yaml,yml}', { cwd: folder })
    .sort()
    .map(path => join(folder, path));
}

function unknown(name: string, known: readonly string[], by?: string): UserError {
  const guess = nearest(name, known);
  return usageError(
    'TSLM_UNKNOWN_TASK',
    `${by === undefined ? '' : `${by}: `}there is no task, group or tag '${name}'`,
    guess === undefined
      ? '`tslm tasks list` shows all; --include-path adds a folder of task files'
      : `did you mean '${guess}'?`,
  );
}

/** A pattern of Python's `fnmatch`. */
export function globPattern(pattern: string): RegExp {
  const source = pattern.replace(/\[(!?)([^\]]+)\]|[*?]|[^*?[]+|\[/g, (part, not?: string, set?: string) => {
    if (set !== undefined) return `[${not ? '^' : ''}${set.replace(/[\\\]^]/g, '\\$&')}]`;
    if (part === '*') return '[\\s\\S]*';
    return part === '?' ? '[\\s\\S]' : part.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${source}$`);
}

/** All tasks below some nodes, each once. */
export function tasksBelow(nodes: readonly Node[]): TaskNode[] {
  const found = new Map<string, TaskNode>();
  const visit = (node: Node): void => {
    if (node.kind === 'task') found.set(node.name, node);
    else node.children.forEach(visit);
  };
  nodes.forEach(visit);
  return [...found.values()];
}
