/**
 * An adapter of a model: what it adds to layers, and parameters that it has of its own. Any number of them belong to one
 * model; `withAdapter` says which is in use.
 */
import type { Lora, Parameter } from '../../nn/index.ts';
import { usageError } from '../../support/errors.ts';
import { noGrad, scope } from '../../torch/index.ts';
import type { Model } from '../model.ts';
import type { AdapterConfig } from './config.ts';
import { exchange, type LayerPlace, type ParameterPlace } from './places.ts';

/** What is added to one layer. */
export interface Delta extends LayerPlace {
  lora: Lora;
}

/** A parameter in the place of one of the model's; the two change places as the adapter comes into use. */
export interface Replacement extends ParameterPlace {
  /** In a checkpoint. */
  key: string;
  parameter: Parameter;
}

export class Adapter {
  readonly model: Model;
  readonly config: AdapterConfig;
  readonly deltas: readonly Delta[];
  readonly replacements: readonly Replacement[];
  /** The model's own weights hold it (`mergeAdapter`). */
  isMerged = false;

  constructor(parts: Pick<Adapter, 'model' | 'config' | 'deltas' | 'replacements'>) {
    this.model = parts.model;
    this.config = parts.config;
    this.deltas = parts.deltas;
    this.replacements = parts.replacements;
  }

  /** What training the adapter changes. */
  parameters(): Parameter[] {
    return [
      ...this.deltas.flatMap(({ lora }) => lora.parameters()),
      ...this.replacements.map(({ parameter }) => parameter),
    ];
  }

  /** Frees its memory. It must not be in use. */
  dispose(): void {
    for (const { lora } of this.deltas) lora.dispose();
    for (const { parameter } of this.replacements) parameter.dispose();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}

const inUse = new WeakMap<Model, Adapter>();

/**
 * Runs `body`, in which the model is the adapted one; without an adapter it is the model itself, whatever is in use
 * around it. Gradients reach the adapter's parameters if the backward pass is inside as well. `body` is synchronous.
 *
 * @throws UserError when the adapter is another model's, or merged
 */
export function withAdapter<T>(model: Model, adapter: Adapter | undefined, body: () => T): T {
  if (adapter) requireOwn(model, adapter);
  if (adapter?.isMerged) {
    throw usageError('TSLM_ADAPTER_MERGED', 'the adapter is merged already', 'use the model as it is, or unmerge it');
  }
  const before = inUse.get(model);
  change(model, before, adapter);
  try {
    const result = body();
    if (result instanceof Promise) {
      throw new TypeError('an adapter is in use for as long as a call takes: wait for promises outside');
    }
    return result;
  } finally {
    change(model, adapter, before);
  }
}

function requireOwn(model: Model, adapter: Adapter): void {
  if (adapter.model !== model) throw usageError('TSLM_BAD_ADAPTER', 'the adapter was loaded for another model');
}

function change(model: Model, from: Adapter | undefined, to: Adapter | undefined): void {
  if (from === to) return;
  for (const { layer } of from?.deltas ?? []) layer.lora = undefined;
  exchangeAll(from?.replacements ?? []);
  for (const { layer, lora } of to?.deltas ?? []) layer.lora = lora;
  exchangeAll(to?.replacements ?? []);
  if (to) inUse.set(model, to);
  else inUse.delete(model);
}

function exchangeAll(replacements: readonly Replacement[]): void {
  for (const replacement of replacements) replacement.parameter = exchange(replacement, replacement.parameter);
}

/**
 * Writes what the adapter adds into the model's own weights, which then cost no more than before. Unmerging subtracts it
 * again: weights come back up to rounding.
 *
 * @throws UserError when the model is packed, an adapter is in use, or a table that is adapted is the output layer, too
 */
export function mergeAdapter(model: Model, adapter: Adapter): void {
  requireMergeable(model, adapter);
  if (adapter.isMerged) return;
  addToWeights(adapter, 1);
  adapter.isMerged = true;
}

/** Undoes `mergeAdapter`. */
export function unmergeAdapter(model: Model, adapter: Adapter): void {
  requireMergeable(model, adapter);
  if (!adapter.isMerged) return;
  addToWeights(adapter, -1);
  adapter.isMerged = false;
}

function requireMergeable(model: Model, adapter: Adapter): void {
  requireOwn(model, adapter);
  if (inUse.has(model)) throw usageError('TSLM_ADAPTER_IN_USE', 'an adapter is merged while none is in use');
  for (const { layer, name } of adapter.deltas) {
    if ('isPacked' in layer && layer.isPacked) {
      throw usageError('TSLM_PACKED', `'${name}' is packed for inference`, 'merge before `packForInference`');
    }
    if (layer === model.head?.tied) {
      const hint = 'use it unmerged (`withAdapter`): it changes what is looked up, not the output layer';
      throw usageError('TSLM_TIED_ADAPTER', `'${name}' is the output layer, too: the adapter cannot be merged`, hint);
    }
  }
}

function addToWeights({ deltas, replacements }: Adapter, sign: 1 | -1): void {
  for (const { layer, lora } of deltas) {
    scope(() => {
      // Summed in float32 and rounded once.
      noGrad(() => layer.weight.copy_(layer.weight.detach().to('float32').add(lora.delta(), { alpha: sign })));
    });
  }
  exchangeAll(replacements);
}
