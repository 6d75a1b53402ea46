/**
 * Groups of parameters with learning rates and decays of their own, and learning rates that fall from layer to layer towards
 * the input (discriminative fine-tuning, Howard & Ruder 2018, arXiv:1801.06146; layer decay as in ELECTRA and BEiT). Parameters
 * that agree in both are one part, with an optimizer of its own; what is kept of a parameter has the same name in any part.
 */
import { z } from 'zod';
import { type KeyOf, matchParameters } from '../parameter-names.ts';
import type { NamedParameters, Optimizer } from './optimizer.ts';

const patterns = z.preprocess(value => (typeof value === 'string' ? [value] : value), z.array(z.string()).min(1));

/** What every optimizer takes besides its own options. */
export const groupKeys = {
  /** Of several groups that match a parameter the first counts. */
  groups: z
    .array(
      z.strictObject({
        /** Names of parameters, with `*`: keys of the checkpoint, or module paths. */
        match: patterns,
        /** Factor on the learning rate. Default 1. */
        lr: z.number().positive().optional(),
        /** In place of the optimizer's; norms and biases stay without. */
        weightDecay: z.number().min(0).optional(),
      }),
    )
    .min(1)
    .optional(),
  /** Factor on the learning rate from each layer to the one below it; head and pooler have 1, embeddings come last. */
  layerDecay: z.number().gt(0).max(1).optional(),
};

export interface GroupOptions {
  groups?: readonly { match: readonly string[]; lr?: number; weightDecay?: number }[];
  layerDecay?: number;
}

export interface Part {
  named: NamedParameters;
  /** Factor on the learning rate. */
  lr: number;
  /** Undefined: the optimizer's own. */
  weightDecay: number | undefined;
}

/** @throws UserError for a pattern that matches nothing */
export function partsOf(named: NamedParameters, { groups = [], layerDecay = 1 }: GroupOptions, keyOf: KeyOf): Part[] {
  const matched = groups.map(({ match }, i) =>
    matchParameters(named, match, { keyOf, where: `optimizer.groups.${i}.match` }),
  );
  const depthOf = depths(named.map(([name]) => name));
  const parts = new Map<string, Part & { named: (readonly [string, NamedParameters[number][1]])[] }>();
  for (const [name, parameter] of named) {
    const group = groups[matched.findIndex(names => names.has(name))];
    const lr = (group?.lr ?? 1) * layerDecay ** depthOf(name);
    const weightDecay = group?.weightDecay;
    const key = `${lr} ${weightDecay}`;
    const part = parts.get(key) ?? { named: [], lr, weightDecay };
    part.named.push([name, parameter]);
    parts.set(key, part);
  }
  return [...parts.values()];
}

const LAYER = /^(.*\.layers)\.(\d+)\./;
const EMBEDDINGS = /^(?!head\.).*?(?:embeddings|shared|word|maskEmbedding)(?:\.|$)/;

/**
 * How many layers lie between a parameter and the output: 0 in head, pooler and last norm, 1 in the last layer of its stack, and
 * one more than there are layers in the embeddings. Encoder and decoder are counted each by itself.
 */
export function depths(names: readonly string[]): (name: string) => number {
  const counts = new Map<string, number>();
  for (const name of names) {
    const [, stack, layer] = name.match(LAYER) ?? [];
    if (stack !== undefined) counts.set(stack, Math.max(counts.get(stack) ?? 0, Number(layer) + 1));
  }
  const most = Math.max(0, ...counts.values());
  return name => {
    const [, stack, layer] = name.match(LAYER) ?? [];
    if (stack !== undefined) return counts.get(stack)! - Number(layer);
    // T5 adds the table of distances in every layer, and keeps it in the first.
    if (name.includes('.relativeBias.')) return counts.get(name.replace(/\.relativeBias\..*/, '.layers')) ?? 0;
    return EMBEDDINGS.test(name) ? most + 1 : 0;
  };
}

/** Several optimizers, each with its parameters and its factor on the learning rate, as one. */
export function together(optimizers: readonly { optimizer: Optimizer; lr: number }[]): Optimizer {
  return {
    step(lr, gradScale) {
      for (const { optimizer, lr: factor } of optimizers) optimizer.step(lr * factor, gradScale);
    },
    state: () => new Map(optimizers.flatMap(({ optimizer }) => [...optimizer.state()])),
    load(state, steps) {
      for (const { optimizer } of optimizers) optimizer.load(state, steps);
    },
    dispose() {
      for (const { optimizer } of optimizers) optimizer.dispose();
    },
  };
}
