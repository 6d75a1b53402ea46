/**
 * Attention estimated by random features (Choromanski et al. 2021, "Rethinking Attention with Performers") in place of
 * any full attention: it has the same weights, and random directions that follow from a seed.
 */
import { dispose, eye, keep, type Tensor } from '../torch/index.ts';
import { type Attended, Attention, type AttentionInputs, type AttentionOptions, type Heads } from './attention.ts';
import { orthogonalFeatures, performerAttention } from './sparse/index.ts';

export interface PerformerKind {
  name: 'performer';
  /** Random directions: more of them estimate better. */
  features: number;
  /** Of the directions; layers have different ones. */
  seed: number;
}

export class PerformerAttention extends Attention {
  readonly kind: PerformerKind;
  /** [features, headDim] */
  #directions: Tensor | undefined;

  constructor(options: AttentionOptions, kind: PerformerKind) {
    super(options);
    this.kind = kind;
  }

  override needsMask(): boolean {
    return false;
  }

  /**
   * There are no probabilities that dropout could fall on: it falls on the values. Where probabilities are asked for,
   * they are what the values 1, 0, 0, …; 0, 1, 0, …; … come to.
   */
  protected override attend({ query, key, value }: Heads, inputs: AttentionInputs): Attended {
    const { attentionMask, causal, outputAttentions } = inputs;
    const options = { projection: this.#projection(query.device), scale: this.scale, attentionMask, causal };
    const keys = this.#forEachHead(key);
    const values = this.#forEachHead(this.dropout.forward(value));
    const context = performerAttention(query, keys, values, options);
    if (!outputAttentions) return { context };
    const [batch, heads, count] = keys.shape;
    const each = eye(count, { dtype: value.dtype, device: value.device }).expand([batch, heads, count, count]);
    return { context, probabilities: performerAttention(query, keys, each, options) };
  }

  /** Keys or values of groups for each head of its group. */
  #forEachHead(x: Tensor): Tensor {
    const { heads, kvHeads } = this;
    if (heads === kvHeads) return x;
    const [batch, , time, dim] = x.shape;
    const groups = x.unsqueeze(2).expand([batch, kvHeads, heads / kvHeads, time, dim]);
    return groups.reshape([batch, heads, time, dim]);
  }

  #projection(device: string): Tensor {
    if (this.#directions?.device !== device) {
      const { features, seed } = this.kind;
      const directions = keep(orthogonalFeatures(features, this.headDim, seed).to({ device }));
      dispose(this.#directions);
      this.#directions = directions;
    }
    return this.#directions!;
  }

  override dispose(): void {
    dispose(this.#directions);
    this.#directions = undefined;
    super.dispose();
  }
}
