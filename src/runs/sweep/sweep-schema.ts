/** A sweep as a file: which keys of a recipe are searched, how, and for how long. `recipes/sweeps/quickstart.yaml` explains every key. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { type Distribution, distributionOf } from '../../evaluate/search/distributions.ts';
import type { Space } from '../../evaluate/search/space.ts';
import { namingFile, usageError } from '../../support/errors.ts';
import { parseOptions } from '../../support/schema.ts';
import { parseYaml } from '../../support/yaml.ts';

const count = z.int().positive();
const countOrZero = z.int().min(0);

/** Only where other parameters have one of these values. */
const when = z.record(
  z.string(),
  z.preprocess(value => (Array.isArray(value) ? value : [value]), z.array(z.unknown()).min(1)),
);

const parameter = z.union([
  z
    .array(z.unknown())
    .min(1)
    .transform(choices => ({ type: 'choice' as const, choices, when: undefined })),
  z.discriminatedUnion('type', [
    z.strictObject({
      type: z.enum(['float', 'int']),
      low: z.number(),
      high: z.number(),
      log: z.boolean().optional(),
      step: z.number().optional(),
      when: when.optional(),
    }),
    z.strictObject({ type: z.literal('choice'), choices: z.array(z.unknown()).min(1), when: when.optional() }),
  ]),
]);

const sampler = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('random'), seed: countOrZero.default(0) }),
  z.strictObject({ name: z.literal('grid') }),
  z.strictObject({
    name: z.literal('tpe'),
    seed: countOrZero.default(0),
    /** Trials drawn at random before. */
    startup: count.default(10),
    candidates: count.default(24),
    /** Model parameters together. */
    multivariate: z.boolean().default(true),
  }),
]);

const percentile = {
  startupTrials: countOrZero.default(5),
  warmupSteps: countOrZero.default(0),
  intervalSteps: count.default(1),
};

const scheduler = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('all') }),
  z.strictObject({ name: z.literal('median'), ...percentile }),
  z.strictObject({ name: z.literal('percentile'), percentile: z.number().min(0).max(100), ...percentile }),
  z.strictObject({
    name: z.literal('asha'),
    /** Steps of the first rung; each further one has `factor` times as many. */
    minSteps: count,
    factor: z.number().min(2).default(4),
  }),
  z.strictObject({ name: z.literal('hyperband'), minSteps: count, factor: z.number().min(2).default(3) }),
  z.strictObject({
    name: z.literal('pbt'),
    /** Steps between two generations. */
    interval: count,
    /** Share of the members that take over, and of those that are taken over. */
    quantile: z.number().gt(0).max(0.5).default(0.25),
    /** How often a number is drawn anew in place of becoming larger or smaller by a fifth. */
    resample: z.number().min(0).max(1).default(0.25),
    seed: countOrZero.default(0),
  }),
]);

const schema = z.strictObject({
  /** Of the sweep and its runs. */
  name: z.string().regex(/^(?!\.{1,2}$)[\p{L}\p{M}\p{N}_.-]+$/u, 'letters, digits, dots and dashes only'),
  /** The recipe that every trial begins with: a file beside this one, or the keys themselves. */
  recipe: z.union([z.string(), z.record(z.string(), z.unknown())]),
  /** Changes to it: `train.steps=500`. */
  set: z.array(z.string()).default([]),
  /** Paths of the recipe's keys. */
  space: z.record(z.string(), parameter),
  sampler: sampler.prefault({ name: 'tpe' }),
  scheduler: scheduler.prefault({ name: 'all' }),
  /** Of the metric that decides, `evaluation.best` of the recipe. Default: a loss is to be small, everything else large. */
  direction: z.enum(['minimize', 'maximize']).optional(),
  /** Of Hyperband the brackets say how many there are; of population-based training it is the population. */
  trials: count.optional(),
  /** Trials at a time. */
  parallel: count.default(1),
  /** What the best trial is measured on at the end: a split that the search did not use, or rows. */
  final: z
    .strictObject({ split: z.enum(['validation', 'test', 'train']).optional(), data: z.string().optional() })
    .optional(),
});

export type SweepOptions = z.output<typeof schema>;

export interface Sweep extends SweepOptions {
  parameters: Space;
  /** The recipe as it was read. */
  recipeValue: Record<string, unknown>;
  /** Where the recipe is, for errors. */
  recipePath: string;
}

/** @throws UserError that names the file, the key and its nearest known neighbour */
export function readSweep(path: string): Sweep {
  const text = namingFile(path, () => readFileSync(path, 'utf8'));
  return parseSweep(yamlOf(text, path), path);
}

export function parseSweep(value: unknown, path: string): Sweep {
  const options = parseOptions(schema, value, path);
  const space = spaceOf(options.space, path);
  if (options.trials === undefined && options.scheduler.name !== 'hyperband' && options.sampler.name !== 'grid') {
    throw usageError('TSLM_MISSING_KEY', `${path}: 'trials' is missing`, 'say how many there are to be: trials: 30');
  }
  if (options.scheduler.name === 'hyperband' && options.trials !== undefined) {
    throw usageError(
      'TSLM_CONTRADICTION',
      `${path}: 'trials' beside Hyperband, whose brackets say how many there are`,
      'leave it out',
    );
  }
  const { recipe } = options;
  if (typeof recipe !== 'string') return { ...options, parameters: space, recipeValue: recipe, recipePath: path };
  const recipePath = resolve(dirname(path), recipe);
  const read = yamlOf(
    namingFile(recipePath, () => readFileSync(recipePath, 'utf8')),
    recipePath,
  );
  return { ...options, parameters: space, recipeValue: read as Record<string, unknown>, recipePath };
}

const yamlOf = (text: string, where: string): unknown => parseYaml(text, where, 'a sweep is a YAML file') ?? {};

/** In an order in which each parameter comes after those that it depends on. */
function spaceOf(given: SweepOptions['space'], where: string): Space {
  const names = Object.keys(given);
  if (names.length === 0)
    throw usageError('TSLM_BAD_SPACE', `${where}: 'space' is empty`, 'name at least one key of the recipe');
  const ordered = new Map<string, Space[string]>();
  const visit = (name: string, path: readonly string[]): void => {
    if (ordered.has(name)) return;
    if (path.includes(name))
      throw usageError('TSLM_BAD_SPACE', `${where}: 'space.${name}' depends on itself`, 'correct its `when`');
    const { when: conditions, ...own } = given[name];
    for (const other of Object.keys(conditions ?? {})) {
      if (!names.includes(other)) {
        throw usageError(
          'TSLM_BAD_SPACE',
          `${where}: 'space.${name}' depends on '${other}', which is not searched`,
          `known: ${names.join(', ')}`,
        );
      }
      visit(other, [...path, name]);
    }
    const { type, ...rest } = own;
    const distribution = distributionOf({ kind: type, ...rest } as Distribution, `${where}: 'space.${name}'`);
    ordered.set(name, { distribution, ...(conditions && { when: conditions }) });
  };
  for (const name of names) visit(name, []);
  return Object.fromEntries(ordered);
}
