/**
 * Defaults of options from files and the environment: what a flag does not say is taken from `TSLM_COMMAND_OPTION`, then from the files
 * in their order, then from the built-in default (docs/CONFIGURATION.md).
 */
import { type Command, InvalidArgumentError, type Option } from 'commander';
import { usageError } from '../../support/errors.ts';
import { nearest } from '../../support/nearest.ts';
import { LANGUAGE_KEY } from '../language.ts';
import type { Layer } from './layers.ts';

/** An option that some layer sets. */
export interface Setting {
  /** `tokenizer train` */
  command: string;
  /** `vocab-size` */
  key: string;
  value: unknown;
  /** The layer that decides. */
  source: string;
  /** Layers that would have said otherwise. */
  overridden: string[];
}

/** What must be said where it is done, and never follows from a file in some folder. */
const FLAGS_ONLY = ['allow-code-execution', 'help', 'version'];

/**
 * Sets defaults of every command from the layers, the first one that names an option winning.
 *
 * @param env variables `TSLM_SERVE_PORT`, before all layers
 * @returns what was set
 * @throws UserError for a key that is no command or option, and a value that the option would refuse
 */
export function applyConfig(root: Command, layers: readonly Layer[], env: NodeJS.ProcessEnv = {}): Setting[] {
  const settings = new Map<string, Setting>();
  for (const [command, path] of leavesOf(root)) {
    for (const [key, options] of keysOf(command)) {
      const variable = variableOf(path, key);
      const text = env[variable];
      if (text !== undefined)
        set(settings, { command, path, key, options, given: fromText(text, options), source: variable });
    }
  }
  for (const { name, values } of layers) {
    const { [LANGUAGE_KEY]: _, ...commands } = values; // of the help, and no command's
    applyLayer(root, commands, name, [], settings);
  }
  return [...settings.values()];
}

/** Variables that look as if they were an option of a command, and are none. */
export function unknownVariables(root: Command, env: NodeJS.ProcessEnv): string[] {
  const known = leavesOf(root).map(([command, path]) => ({
    prefix: variableOf(path, ''),
    names: [...keysOf(command).keys()].map(key => variableOf(path, key)),
  }));
  return Object.keys(env).filter(
    name => known.some(({ prefix }) => name.startsWith(prefix)) && !known.some(({ names }) => names.includes(name)),
  );
}

/** `TSLM_TOKENIZER_TRAIN_VOCAB_SIZE` */
const variableOf = (path: readonly string[], key: string): string =>
  ['tslm', ...path, key].join('_').replaceAll('-', '_').toUpperCase();

function applyLayer(
  command: Command,
  values: Readonly<Record<string, unknown>>,
  source: string,
  path: readonly string[],
  settings: Map<string, Setting>,
): void {
  const inner = command.commands.filter(one => one.name() !== 'help');
  const keys = inner.length > 0 ? undefined : keysOf(command);
  for (const [key, value] of Object.entries(values)) {
    const next = inner.find(one => one.name() === key);
    if (next) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        const example = [...path, key].join('.');
        throw usageError(
          'TSLM_BAD_CONFIG',
          `${source}: '${example}' is a command: its options are expected`,
          `see \`tslm ${[...path, key].join(' ')} --help\``,
        );
      }
      applyLayer(next, value as Record<string, unknown>, source, [...path, key], settings);
      continue;
    }
    const options = keys?.get(key);
    if (!options) throw unknownKey(source, [...path, key], [...inner.map(one => one.name()), ...(keys?.keys() ?? [])]);
    set(settings, { command, path, key, options, given: value, source });
  }
}

function unknownKey(source: string, path: readonly string[], known: readonly string[]): Error {
  const key = path.at(-1)!;
  const flag = FLAGS_ONLY.includes(key);
  const guess = nearest(key, known);
  const place = path.slice(0, -1).join('.');
  return usageError(
    'TSLM_UNKNOWN_KEY',
    `${source}: ${flag ? `'${path.join('.')}' can only be given on the command line` : `unknown key '${path.join('.')}'`}`,
    flag
      ? 'leave it out'
      : guess === undefined
        ? `known keys here: ${known.join(', ')}`
        : `did you mean '${place ? `${place}.` : ''}${guess}'?`,
  );
}

interface Given {
  command: Command;
  path: readonly string[];
  key: string;
  options: readonly Option[];
  given: unknown;
  source: string;
}

function set(settings: Map<string, Setting>, { command, path, key, options, given, source }: Given): void {
  const id = [...path, key].join(' ');
  const value = parsedValue(given, options, `${source}: '${[...path, key].join('.')}'`);
  const before = settings.get(id);
  if (before) {
    before.overridden.push(source);
    return;
  }
  settings.set(id, { command: path.join(' '), key, value, source, overridden: [] });
  command.setOptionValueWithSource(options[0].attributeName(), value, 'config');
  for (const option of options) replaceOnCommandLine(option, value);
}

/** What is given on the command line takes the place of a list from a file, and does not add to it. */
function replaceOnCommandLine(option: Option, configured: unknown): void {
  if (!Array.isArray(configured)) return;
  const parse = option.parseArg as ((value: string, previous: unknown) => unknown) | undefined;
  option.argParser((value: string, previous: unknown) => {
    const own = previous === configured ? undefined : previous;
    if (parse) return parse(value, own);
    return [...(Array.isArray(own) ? own : []), value];
  });
}

/** Options by key: `--port` is `port`; `--no-studio` is `studio`, which may be false. */
export function keysOf(command: Command): Map<string, Option[]> {
  const keys = new Map<string, Option[]>();
  for (const option of command.options) {
    const key = option.long?.replace(/^--(no-)?/, '');
    if (key && !FLAGS_ONLY.includes(key)) keys.set(key, [...(keys.get(key) ?? []), option]);
  }
  return keys;
}

/** Commands that do something, with the names that lead to them. */
export function leavesOf(command: Command, path: readonly string[] = []): [Command, readonly string[]][] {
  const inner = command.commands.filter(one => one.name() !== 'help');
  if (inner.length === 0) return [[command, path]];
  return inner.flatMap(one => leavesOf(one, [...path, one.name()]));
}

/** Of a variable: yes and no of options that are on or off, else its text. */
function fromText(text: string, options: readonly Option[]): unknown {
  if (options.some(takesValue)) return text;
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  return /^(0|false|no|off)$/i.test(text) ? false : text;
}

const takesValue = (option: Option): boolean => option.required || option.optional;

/** The value as the command line would have made it. */
function parsedValue(given: unknown, options: readonly Option[], where: string): unknown {
  const valued = options.find(takesValue);
  const negated = options.some(({ negate }) => negate);
  if (given === false && negated) return false;
  if (given === true && valued?.optional) return valued.presetArg ?? true;
  if (!valued) {
    if (typeof given === 'boolean') return given;
    throw usageError('TSLM_BAD_VALUE', `${where}: true or false is expected`);
  }
  const texts = (Array.isArray(given) ? given : [given]).map(one => {
    if (typeof one === 'string' || typeof one === 'number') return String(one);
    throw usageError('TSLM_BAD_VALUE', `${where}: a text or a number is expected`);
  });
  let value: unknown;
  for (const text of texts) {
    const parse = valued.parseArg as ((value: string, previous: unknown) => unknown) | undefined;
    if (parse) value = parsed(() => parse(text, value), where);
    else value = valued.variadic ? [...((value as string[] | undefined) ?? []), text] : text;
  }
  if (texts.length !== 1 && !Array.isArray(value))
    throw usageError('TSLM_BAD_VALUE', `${where}: one value is expected`);
  return value;
}

function parsed<T>(parse: () => T, where: string): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw usageError('TSLM_BAD_VALUE', `${where}: ${error.message}`);
    throw error;
  }
}
