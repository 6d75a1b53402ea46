/** Adapters that become part of their model, whose weights then cost no more than before. */
import { type UserError, usageError } from '../../support/errors.ts';
import { keep, noGrad, scope, type Tensor } from '../../torch/index.ts';
import type { Model } from '../model.ts';
import { type AdaptedPlace, type Adapter, adapterInUse, exchangeAll, requireOwn } from './adapter.ts';

/** What weights were, in the element type of the model, where no sum takes a change back. */
const originals = new WeakMap<Adapter, Map<AdaptedPlace, { weight: Tensor; bias?: Tensor }>>();

/**
 * Writes what the adapter does into the model's own weights. Unmerging puts back what they were.
 *
 * @param options.forGood keep nothing that unmerging would need. Default false.
 * @throws UserError when the model is packed, an adapter is in use, a table that is adapted is the output layer, too, or the
 *   adapter does what no weight does
 */
export function mergeAdapter(model: Model, adapter: Adapter, { forGood = false }: { forGood?: boolean } = {}): void {
  requireOwn(model, adapter);
  if (adapter.isMerged) return;
  if (adapterInUse(model)) throw usageError('TSLM_ADAPTER_IN_USE', 'an adapter is merged while none is in use');
  const problem = mergeProblem(adapter);
  if (problem) throw problem;
  const kept = new Map<AdaptedPlace, { weight: Tensor; bias?: Tensor }>();
  // Biases of the adapter's own are what it does to the layer's.
  exchangeAll(adapter.replacements);
  for (const place of adapter.layers) {
    const { weight, bias } = place.layer as { weight: Tensor; bias?: Tensor };
    if (!forGood)
      kept.set(
        place,
        scope(() => keep({ weight: weight.detach().clone(), bias: bias?.detach().clone() })),
      );
    scope(() =>
      noGrad(() => {
        // Summed in float32 and rounded once.
        weight.copy_(place.change.merged!(weight.detach().to('float32')));
        if (bias && place.change.mergedBias) bias.copy_(place.change.mergedBias(bias.detach().to('float32')));
      }),
    );
  }
  originals.set(adapter, kept);
  adapter.isMerged = true;
}

/** Undoes `mergeAdapter`. */
export function unmergeAdapter(model: Model, adapter: Adapter): void {
  requireOwn(model, adapter);
  if (adapterInUse(model)) throw usageError('TSLM_ADAPTER_IN_USE', 'an adapter is unmerged while none is in use');
  if (!adapter.isMerged) return;
  const kept = originals.get(adapter)!;
  if (kept.size < adapter.layers.length) {
    throw usageError('TSLM_ADAPTER_MERGED', 'the adapter was merged for good', 'load the model again');
  }
  for (const [{ layer }, before] of kept) {
    scope(() =>
      noGrad(() => {
        layer.weight.copy_(before.weight);
        if (before.bias && 'bias' in layer) layer.bias!.copy_(before.bias);
      }),
    );
    before.weight.dispose();
    before.bias?.dispose();
  }
  exchangeAll(adapter.replacements);
  originals.delete(adapter);
  adapter.isMerged = false;
}

/** Why an adapter cannot become part of its model; undefined where it can. */
export function mergeProblem({ model, layers, prompt, config }: Adapter): UserError | undefined {
  const asIs = 'use it unmerged (`withAdapter`)';
  if (prompt) {
    return usageError('TSLM_NOT_MERGEABLE', `${config.peft_type} stands before the input: no weight does that`, asIs);
  }
  for (const { layer, name, change } of layers) {
    if (!change.merged) {
      return usageError('TSLM_NOT_MERGEABLE', `'${name}': no weight does what ${config.peft_type} does`, asIs);
    }
    if ('isPacked' in layer && layer.isPacked) {
      return usageError('TSLM_PACKED', `'${name}' is packed for inference`, 'merge before `packForInference`');
    }
    if (layer === model.head?.tied && !change.project) {
      const hint = `${asIs}: it changes what is looked up, not the output layer`;
      return usageError('TSLM_TIED_ADAPTER', `'${name}' is the output layer, too: the adapter cannot be merged`, hint);
    }
  }
  return undefined;
}
