/** The optimizers by the names that recipes give them, each with the options that it takes and no others. */
import { z } from 'zod';
import type { KeyOf } from '../parameter-names.ts';
import { adafactor } from './adafactor.ts';
import { adamW } from './adamw.ts';
import { groupKeys, partsOf, together } from './groups.ts';
import { lamb } from './lamb.ts';
import { lion } from './lion.ts';
import { muon } from './muon.ts';
import type { NamedParameters, Optimizer } from './optimizer.ts';
import { nesterovProblem, sgd } from './sgd.ts';

const share = z.number().min(0).lt(1);
/** Highest learning rate: what the schedule starts from. */
const lr = z.number().positive();
const betas = z.tuple([share, share]);
const weightDecay = z.number().min(0);

const adam = {
  lr: lr.default(1e-3),
  betas: betas.default([0.9, 0.95]),
  eps: z.number().positive().default(1e-8),
  weightDecay: weightDecay.default(0.1),
  ...groupKeys,
};

const options = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('adamw'), ...adam, scaleParameter: z.boolean().optional() }),
  /** Hidden matrices by Muon, everything else by AdamW. */
  z.strictObject({ name: z.literal('muon'), ...adam, momentum: share.default(0.95) }),
  z.strictObject({
    name: z.literal('adafactor'),
    lr: lr.default(1e-2),
    eps1: z.number().positive().default(1e-30),
    eps2: z.number().positive().default(1e-3),
    clipThreshold: z.number().positive().default(1),
    decayRate: z.number().negative().default(-0.8),
    beta1: share.optional(),
    scaleParameter: z.boolean().default(true),
    relativeStep: z.boolean().default(false),
    weightDecay: weightDecay.default(0),
    ...groupKeys,
  }),
  z.strictObject({
    name: z.literal('lamb'),
    ...adam,
    betas: betas.default([0.9, 0.999]),
    eps: z.number().positive().default(1e-6),
    weightDecay: weightDecay.default(0.01),
    alwaysAdapt: z.boolean().default(false),
  }),
  z.strictObject({
    name: z.literal('lion'),
    lr: lr.default(1e-4),
    betas: betas.default([0.9, 0.99]),
    weightDecay: weightDecay.default(1),
    ...groupKeys,
  }),
  z
    .strictObject({
      name: z.literal('sgd'),
      lr: lr.default(1e-1),
      momentum: share.default(0),
      dampening: z.number().min(0).max(1).default(0),
      nesterov: z.boolean().default(false),
      weightDecay: weightDecay.default(0),
      ...groupKeys,
    })
    .check(({ value, issues }) => {
      const message = nesterovProblem(value);
      if (message) issues.push({ code: 'custom', input: value, path: ['nesterov'], message });
    }),
]);

export const optimizerSchema = z.preprocess(withName, options);

/** What is not said before a schema can choose: AdamW, and relative steps in whole units. */
function withName(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const named = { name: 'adamw', ...value };
  return named.name === 'adafactor' && 'relativeStep' in named && named.relativeStep === true
    ? { lr: 1, ...named }
    : named;
}

export type OptimizerOptions = z.output<typeof optimizerSchema>;

const optimizers = { adamw: adamW, muon, adafactor, lamb, lion, sgd };

/**
 * @param options.keyOf the checkpoint keys that `groups` may name parameters by; default their own names
 * @throws UserError for a group that matches nothing
 */
export function createOptimizer(
  named: NamedParameters,
  { name, lr: _, groups, layerDecay, ...rest }: OptimizerOptions,
  { keyOf = path => path }: { keyOf?: KeyOf } = {},
): Optimizer {
  const create = optimizers[name] as (named: NamedParameters, options: typeof rest) => Optimizer;
  const parts = partsOf(named, { groups, layerDecay }, keyOf).map(part => ({
    lr: part.lr,
    optimizer: create(part.named, { ...rest, weightDecay: part.weightDecay ?? rest.weightDecay }),
  }));
  return together(parts);
}
