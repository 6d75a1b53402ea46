/**
 * An adapter of a model: what it does to layers, what stands before the input, and parameters that it has of its own. Any number
 * of them belong to one model; `withAdapter` says which is in use.
 */
import type { LayerAdapter, Parameter } from '../../nn/index.ts';
import { usageError } from '../../support/errors.ts';
import type { Backbone, Model } from '../model.ts';
import type { Prompt } from '../prompt.ts';
import type { AdapterConfig } from './config.ts';
import type { SharedParameter } from './methods/method.ts';
import { exchange, type LayerPlace, type ParameterPlace } from './places.ts';

/** A layer and what is done to it. */
export interface AdaptedPlace extends LayerPlace {
  change: LayerAdapter;
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
  readonly layers: readonly AdaptedPlace[];
  readonly replacements: readonly Replacement[];
  /** Frozen, and common to all layers. */
  readonly shared: readonly SharedParameter[];
  readonly prompt: Prompt | undefined;
  /** The model's own weights hold it (`mergeAdapter`). */
  isMerged = false;

  constructor(parts: Pick<Adapter, 'model' | 'config' | 'layers' | 'replacements' | 'shared' | 'prompt'>) {
    this.model = parts.model;
    this.config = parts.config;
    this.layers = parts.layers;
    this.replacements = parts.replacements;
    this.shared = parts.shared;
    this.prompt = parts.prompt;
  }

  /** What training the adapter changes. */
  parameters(): Parameter[] {
    return [
      ...(this.prompt ? [this.prompt.parameter] : []),
      ...this.layers.flatMap(({ change }) => change.parameters().map(({ parameter }) => parameter)),
      ...this.replacements.map(({ parameter }) => parameter),
    ];
  }

  /** Frees its memory. It must not be in use. */
  dispose(): void {
    for (const { change } of this.layers) change.dispose();
    for (const { parameter } of [...this.replacements, ...this.shared]) parameter.dispose();
    this.prompt?.parameter.dispose();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}

const inUse = new WeakMap<Model, Adapter>();

/** The adapter that a model is used with at the moment. */
export const adapterInUse = (model: Model): Adapter | undefined => inUse.get(model);

/**
 * Runs `body`, in which the model is the adapted one; without an adapter it is the model itself, whatever is in use
 * around it. Gradients reach the adapter's parameters if the backward pass is inside as well. `body` is synchronous.
 *
 * @throws UserError when the adapter is another model's, or merged
 */
export function withAdapter<T>(model: Model, adapter: Adapter | undefined, body: () => T): T {
  if (adapter) requireUsable(model, adapter);
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

/** Puts an adapter to use until another one is, or none (undefined). */
export function useAdapter(model: Model, adapter: Adapter | undefined): void {
  if (adapter) requireUsable(model, adapter);
  change(model, inUse.get(model), adapter);
}

function requireUsable(model: Model, adapter: Adapter): void {
  requireOwn(model, adapter);
  if (!adapter.isMerged) return;
  throw usageError('TSLM_ADAPTER_MERGED', 'the adapter is merged already', 'use the model as it is, or unmerge it');
}

export function requireOwn(model: Model, adapter: Adapter): void {
  if (adapter.model !== model) throw usageError('TSLM_BAD_ADAPTER', 'the adapter was loaded for another model');
}

function change(model: Model, from: Adapter | undefined, to: Adapter | undefined): void {
  if (from === to) return;
  for (const { layer } of from?.layers ?? []) layer.adapter = undefined;
  if (from?.prompt) placeOf(model, from.prompt).prompt = undefined;
  exchangeAll(from?.replacements ?? []);
  for (const { layer, change } of to?.layers ?? []) layer.adapter = change;
  if (to?.prompt) placeOf(model, to.prompt).prompt = to.prompt;
  exchangeAll(to?.replacements ?? []);
  if (to) inUse.set(model, to);
  else inUse.delete(model);
}

const placeOf = ({ backbone }: Model, { place }: Prompt): Backbone => backbone[place];

export function exchangeAll(replacements: readonly Replacement[]): void {
  for (const replacement of replacements) replacement.parameter = exchange(replacement, replacement.parameter);
}
