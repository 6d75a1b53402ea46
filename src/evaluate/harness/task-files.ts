/** Task files: YAML with `include`, and nothing in it that would be run. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { messageOf, namingFile, UserError, usageError } from '../../support/errors.ts';
import { wrapFloat } from './python-literals.ts';
import { REFUSED } from './task-config.ts';

/** What a file says, those that it includes merged in. */
export type RawConfig = Record<string, unknown>;

/** A value with a tag, such as `!function utils.process`. */
export class Tagged {
  readonly tag: string;
  readonly value: string;
  /** The file that says so, which names in the value are relative to. */
  readonly file: string;
  constructor(tag: string, value: string, file: string) {
    this.tag = tag;
    this.value = value;
    this.file = file;
  }
}

/** @throws UserError that names the file: for bad YAML, a file that is not there, files that include each other */
export function readTaskFile(path: string, above: readonly string[] = []): RawConfig {
  const full = resolve(path);
  if (above.includes(full)) {
    throw usageError('TSLM_INCLUDE_CYCLE', `${path}: the files include each other in a circle`, 'take one include out');
  }
  if (!existsSync(path)) {
    const by = above.at(-1);
    throw usageError(
      'TSLM_NO_TASK_FILE',
      `${by === undefined ? '' : `${by}: include: `}${path}: no such file`,
      'a path in include is relative to its file',
    );
  }
  const own = parseYaml(
    namingFile(path, () => readFileSync(path, 'utf8')),
    path,
  );
  const { include, ...rest } = own;
  if (include === undefined) return rest;
  const included = [include].flat().map(other => {
    if (typeof other !== 'string')
      throw usageError('TSLM_BAD_VALUE', `${path}: 'include' is to be a path or a list of paths`);
    return readTaskFile(resolve(dirname(path), other), [...above, full]);
  });
  return Object.assign({}, ...included, rest);
}

const codeIn = (path: string) =>
  ['!function', '!python/object', 'tag:yaml.org,2002:python/'].map(tag => ({
    tag,
    resolve: (value: string) => new Tagged(tag, value, path),
  }));

/** YAML 1.1 takes y and n for true and false, and PyYAML does not. */
function withoutLetters<T>(tag: T): T {
  const { test, tag: name } = tag as { test?: RegExp; tag?: string };
  if (name !== 'tag:yaml.org,2002:bool' || !test) return tag;
  return { ...tag, test: new RegExp(test.source.replace(/[YN]\|[yn]\|/, '')) };
}

function parseYaml(source: string, path: string): RawConfig {
  const document = parseDocument(source, {
    customTags: known => [...known.map(withoutLetters), ...codeIn(path)],
    version: '1.1',
    merge: true,
    intAsBigInt: true,
    prettyErrors: true,
  });
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem) {
    throw usageError(
      'TSLM_BAD_YAML',
      `${path}: ${messageOf(problem).split('\n')[0]}`,
      'a task file is plain YAML; the only tag known is !function',
    );
  }
  const value = numbersOf(document.toJS(), false);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as RawConfig;
  throw usageError('TSLM_BAD_YAML', `${path}: a task file is a mapping of fields`);
}

/** Numbers as JavaScript has them; in metadata, whose versions are printed, whole floats stay floats. */
function numbersOf(value: unknown, isMetadata: boolean): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number') return isMetadata ? wrapFloat(value) : value;
  if (Array.isArray(value)) return value.map(item => numbersOf(item, isMetadata));
  if (typeof value !== 'object' || value === null || value instanceof Tagged) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, numbersOf(item, isMetadata || key === 'metadata')]),
  );
}

/**
 * @throws UserError that names file and field: for Python code, and for what needs it
 */
export function refuseCode(config: RawConfig, path: string): void {
  const found = taggedIn(config, []);
  if (found) {
    const [at, { tag, value }] = found;
    throw new UserError(
      'TSLM_PYTHON',
      `${path}: '${at.join('.')}' is Python code (${tag} ${value}), which is not run`,
      {
        hint: 'say the same with a template, or use a task that needs none; docs/EVALUATION.md lists the functions that have a twin',
        exitCode: 2,
      },
    );
  }
  const field = Object.keys(config).find(key => Object.hasOwn(REFUSED, key) && config[key] != null);
  if (field !== undefined) {
    throw new UserError('TSLM_PYTHON', `${path}: '${field}' asks for ${REFUSED[field]}, which is not here`, {
      hint: 'use a task without this field',
      exitCode: 2,
    });
  }
}

export function taggedIn(value: unknown, path: string[]): [string[], Tagged] | undefined {
  if (value instanceof Tagged) return [path, value];
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const found = taggedIn(inner, [...path, key]);
    if (found) return found;
  }
  return undefined;
}
