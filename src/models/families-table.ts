/** What each family makes of each key of config.json, as Markdown, from the schemas that read it. */
import { activations } from '../nn/index.ts';
import { bookkeepingKeys } from './config/keys.ts';
import type { Family } from './family.ts';

interface Bound {
  check: string;
  value?: number;
  inclusive?: boolean;
}

interface Definition {
  type: string;
  innerType?: Schema;
  in?: Schema;
  options?: Schema[];
  element?: Schema;
  items?: Schema[];
  entries?: Record<string, string>;
  values?: unknown[];
  defaultValue?: unknown;
  checks?: { _zod: { def: Bound } }[];
}

interface Schema {
  def: Definition;
  isInt?: boolean;
  meta: () => Record<string, unknown> | undefined;
}

const code = (value: unknown): string => `\`${JSON.stringify(value)}\``;

/** Every family with its classes and a row for each key that it reads. */
export function familiesTable(families: Readonly<Record<string, Family>>): string {
  const sections = Object.values(families).map(family => {
    const rows = Object.entries(family.schema.shape)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([key, schema]) => `| \`${key}\` | ${statusOf(schema as unknown as Schema).join(' | ')} |`);
    const classes = Object.keys(family.architectures).map(name => `\`${name}\``);
    return [
      `## \`${family.modelType}\``,
      '',
      `Classes: ${classes.join(', ')}.`,
      '',
      '| key | | values | default |',
      '| --- | --- | --- | --- |',
      ...rows,
      '',
    ].join('\n');
  });
  const bookkeeping = [...bookkeepingKeys].sort().map(key => `\`${key}\``);
  return [
    '# Families and what their config.json may say',
    '',
    '<!-- Generated from src/models/families by `npm run generate:families`. -->',
    '',
    'A key is *supported*, or *refused* when it has another value than the one given. A key that is not listed has no',
    'effect, as in Transformers, and a warning names it (`--strict` refuses it); `null` says nothing. `quantization_config`',
    'and `compression_config` are errors: quantized weights are not supported yet.',
    '',
    ...sections,
    '## Activations',
    '',
    `${Object.keys(activations).map(code).join(', ')}.`,
    '',
    '## Keys without effect',
    '',
    'These say nothing about what a model computes (defaults of generation, which `generation_config.json` now holds,',
    'records of how the file was made, ways to compute the same), and every family lets them pass unless it is listed',
    `above: ${bookkeeping.join(', ')}.`,
    '',
  ].join('\n');
}

function statusOf(schema: Schema): [status: string, values: string, byDefault: string] {
  const refused = refusedUnless(schema);
  if (refused !== undefined) return ['refused', `only ${code(refused)}`, code(refused)];
  const byDefault = defaultOf(schema);
  return ['supported', valuesOf(schema), byDefault === undefined ? '' : code(byDefault)];
}

function refusedUnless(schema: Schema): unknown {
  const found = schema.meta()?.refusedUnless;
  return found ?? (schema.def.innerType ? refusedUnless(schema.def.innerType) : undefined);
}

function defaultOf({ def }: Schema): unknown {
  return def.type === 'default' ? def.defaultValue : def.innerType ? defaultOf(def.innerType) : undefined;
}

function valuesOf(schema: Schema): string {
  const { def } = schema;
  switch (def.type) {
    case 'optional':
    case 'nonoptional':
    case 'default':
      return valuesOf(def.innerType!);
    case 'nullable':
      return `${valuesOf(def.innerType!)} or null`;
    case 'pipe':
      return valuesOf(def.in!);
    case 'union':
      return def.options!.map(valuesOf).join(' or ');
    case 'enum':
      return isActivations(def.entries!) ? 'an activation' : Object.values(def.entries!).map(code).join(', ');
    case 'literal':
      return def.values!.map(code).join(', ');
    case 'array':
      return `list of ${valuesOf(def.element!)}`;
    case 'tuple':
      return `[${def.items!.map(valuesOf).join(', ')}]`;
    case 'record':
    case 'object':
      return 'object';
    case 'boolean':
      return 'true, false';
    case 'number':
      return numbers(schema);
    default:
      return def.type;
  }
}

const isActivations = (entries: Record<string, string>): boolean =>
  Object.keys(entries).join() === Object.keys(activations).join();

/** Bounds that only say what a number can hold are left out. */
function numbers({ isInt, def: { checks = [] } }: Schema): string {
  const signs: Record<string, string> = { greater_than: '>', less_than: '<' };
  const bounds = checks
    .map(({ _zod: { def } }) => def)
    .filter(({ check, value = 0 }) => check in signs && Math.abs(value) < 2 ** 31 - 1)
    .map(
      ({ check, value, inclusive }) => `${inclusive ? { '>': '≥', '<': '≤' }[signs[check]] : signs[check]} ${value}`,
    );
  return [isInt ? 'whole number' : 'number', bounds.join(', ')].join(' ').trim();
}
