/** The layers of an encoder or a decoder one after the other, with the masks, biases and angles that they share. */
import {
  adapterParameters,
  additiveMask,
  alibiBias,
  createNorm,
  Dropout,
  type KVCache,
  Module,
  type Norm,
  type NormOptions,
  type PagedCache,
  type RelativeBiasOptions,
  RelativePositionBias,
  type Rotary,
  type RotaryAngles,
  rotaryAngles,
} from '../nn/index.ts';
import { arange, autocastDtype, ones, recompute, scope, type Tensor } from '../torch/index.ts';
import { positionsInDocuments } from './embeddings.ts';
import { Layer, type LayerInputs, type LayerOptions, type LayerOutput } from './layer.ts';

export interface StackOptions {
  /** One for each layer; the same object twice means shared weights (ALBERT). */
  layers: readonly LayerOptions[];
  causal: boolean;
  /** After the last layer. */
  finalNorm?: NormOptions;
  /** After the final norm. Default 0. */
  finalDropout?: number;
  /** The last of the hidden states is the one before the final norm (ViT). Default false. */
  hiddenStatesBeforeNorm?: boolean;
  /** Attention with linear biases. */
  alibi?: boolean;
  relativeBias?: RelativeBiasOptions;
}

export interface StackInputs {
  /** int64 [batch, keys]: 1 where a token counts, 0 for padding; with a cache it covers past positions too. */
  attentionMask?: Tensor;
  /** int64 [1 or batch, time]; default counts on after the cache */
  positionIds?: Tensor;
  /**
   * int64 [batch, time]: where the document of each position begins, when several lie one after another in a sequence;
   * they do not see each other. Not with a cache.
   */
  documentStarts?: Tensor;
  /** Each position sees itself and what came before. Default what the options say. */
  isCausal?: boolean;
  cache?: KVCache;
  /** In place of a cache: the tokens are those of several sequences, whose positions `positionIds` tells. */
  pagedCache?: PagedCache;
  /** An encoder's output: [batch, keys, hidden]. */
  encoded?: Tensor;
  /** int64 [batch, keys]: 1 where it counts */
  encodedMask?: Tensor;
  /** int64 [batch, time]: 1 where a token attends to everything and is attended by everything (Longformer). */
  globalAttentionMask?: Tensor;
  outputHiddenStates?: boolean;
  outputAttentions?: boolean;
}

export interface StackOutput {
  /** [batch, time, hidden]: after the final norm */
  lastHiddenState: Tensor;
  /** What went in, then each layer's; the last one after the final norm, unless the options say otherwise. */
  hiddenStates?: Tensor[];
  /** Per layer [batch, heads, time, keys]. */
  attentions?: Tensor[];
  /** Per layer [batch, heads, globals, time], of global tokens (Longformer). */
  globalAttentions?: Tensor[];
  /** Per layer [batch, heads, time, encoder's positions]. */
  crossAttentions?: Tensor[];
}

export class Stack extends Module {
  readonly options: StackOptions;
  readonly layers: Layer[];
  readonly norm: Norm | undefined;
  readonly relativeBias: RelativePositionBias | undefined;
  readonly dropout: Dropout;
  /** While training, each layer's activations are made again for the backward pass instead of kept. */
  recompute = false;
  /** Sees what goes into the last layer, [batch, time, hidden]: what heads for further tokens start from. */
  onTrunk: ((x: Tensor) => void) | undefined;

  constructor(options: StackOptions) {
    super();
    const { layers, finalNorm, relativeBias, finalDropout = 0 } = options;
    this.options = options;
    const made = new Map([...new Set(layers)].map(layer => [layer, new Layer(layer)]));
    this.layers = layers.map(layer => made.get(layer)!);
    this.norm = finalNorm && createNorm(layers[0].hidden, finalNorm);
    this.relativeBias = relativeBias && new RelativePositionBias(relativeBias);
    this.dropout = new Dropout(finalDropout);
  }

  /** Whether documents that lie one after another in a sequence can be kept apart. */
  get isolatesDocuments(): boolean {
    return this.layers.every(({ attention }) => attention.isolatesDocuments);
  }

  /**
   * Whether a causal stack can let this many positions see those after them: windows and linear biases are about what came
   * before.
   */
  readsBothWays(positions: number): boolean {
    const seesAll = ({ attention: { options } }: Layer): boolean => (options.window ?? positions) >= positions;
    return !this.options.alibi && !this.options.relativeBias && this.layers.every(seesAll);
  }

  /**
   * @param x [batch, time, hidden]
   * @throws RangeError for documents that cannot be kept apart, or positions that cannot see those after them
   */
  forward(x: Tensor, inputs: StackInputs = {}): StackOutput {
    const { cache, pagedCache, encoded, encodedMask, attentionMask, globalAttentionMask, outputAttentions } = inputs;
    const time = x.size(1);
    if (inputs.documentStarts && (cache || pagedCache || !this.isolatesDocuments)) {
      throw new RangeError(
        'documents cannot be kept apart by this attention, or with a cache: leave documentStarts out',
      );
    }
    const { isCausal = this.options.causal } = inputs;
    if (isCausal !== this.options.causal && (cache || pagedCache || !this.readsBothWays(time))) {
      throw new RangeError(
        'this attention is causal beyond its mask, or reads from a cache: leave isCausal out, or give fewer positions',
      );
    }
    const shared = this.#shared(x, { ...inputs, isCausal });
    const crossMask =
      encoded && encodedMask
        ? additiveMask(1, encodedMask.size(1), {
            causal: false,
            attentionMask: encodedMask,
            dtype: autocastDtype() ?? x.dtype,
            device: x.device,
          })
        : undefined;

    const hiddenStates = [x];
    const attentions: Tensor[] = [];
    const globalAttentions: Tensor[] = [];
    const crossAttentions: Tensor[] = [];
    for (const [index, layer] of this.layers.entries()) {
      const layerInputs = {
        ...shared(layer),
        attentionMask,
        globalAttentionMask,
        causal: isCausal,
        encoded,
        encodedMask: crossMask,
        cache,
        pagedCache,
        layer: index,
        outputAttentions,
      };
      if (index === this.layers.length - 1) this.onTrunk?.(x);
      // Only what autograd keeps of a layer's inside outlives it.
      const output = scope(() => this.#runLayer(layer, x, layerInputs));
      x = output.hidden;
      hiddenStates.push(x);
      if (output.attention) attentions.push(output.attention);
      if (output.globalAttention) globalAttentions.push(output.globalAttention);
      if (output.crossAttention) crossAttentions.push(output.crossAttention);
    }
    cache?.advance(time);
    if (this.norm) x = this.norm.forward(x);
    x = this.dropout.forward(x);
    if (!this.options.hiddenStatesBeforeNorm) hiddenStates[hiddenStates.length - 1] = x;
    return {
      lastHiddenState: x,
      hiddenStates: inputs.outputHiddenStates ? hiddenStates : undefined,
      attentions: outputAttentions ? attentions : undefined,
      globalAttentions: outputAttentions && globalAttentions.length > 0 ? globalAttentions : undefined,
      crossAttentions: outputAttentions && crossAttentions.length > 0 ? crossAttentions : undefined,
    };
  }

  #runLayer(layer: Layer, x: Tensor, inputs: LayerInputs): LayerOutput {
    // What a cache holds was made by the first pass.
    if (!this.recompute || !this.training || inputs.cache) return layer.forward(x, inputs);
    const parameters = [...layer.parameters(), ...adapterParameters(layer)];
    return recompute(([y, rest]) => layer.forward(y, rest), [x, inputs] as const, { parameters });
  }

  /** Mask and angles for a layer; layers with the same window or rotation share them. */
  #shared(x: Tensor, inputs: StackInputs) {
    const { attentionMask, positionIds, documentStarts, isCausal: causal = true, cache, pagedCache } = inputs;
    const [batch, time] = x.shape;
    const { device } = x;
    const past = cache?.length ?? 0;
    const keys = past + time;
    const { alibi } = this.options;
    const heads = this.layers[0].attention.heads;
    // Pages know who sees whom.
    const bias = pagedCache
      ? undefined
      : alibi
        ? alibiBias(attentionMask ?? ones([batch, keys], { dtype: 'int64', device }), heads, documentStarts)
        : this.relativeBias?.forward(time, keys, device);

    const makeMask = (window: number | undefined, upcast: boolean | undefined): Tensor | 'causal' | undefined => {
      const isWindowed = window !== undefined && window < keys;
      if (!attentionMask && !bias && !isWindowed) return causal ? 'causal' : undefined;
      const dtype = upcast ? 'float32' : (autocastDtype() ?? x.dtype);
      const mask = additiveMask(time, keys, { causal, window, attentionMask, documentStarts, dtype, device });
      return bias ? (mask ? bias.to(dtype).add(mask) : bias.to(dtype)) : mask;
    };
    const masks = new Map<string, ReturnType<typeof makeMask>>();
    const angles = new Map<Rotary, RotaryAngles>();
    const positions = (): Tensor => {
      if (positionIds) return positionIds;
      if (documentStarts) return positionsInDocuments(documentStarts);
      return arange(past, keys, { dtype: 'int64', device }).unsqueeze(0);
    };

    return ({ attention }: Layer) => {
      const { window, upcast, rotary } = attention.options;
      const key = `${window} ${upcast}`;
      // A mask has an element for every pair: what never looks at all pairs is not to pay for one.
      const isMasked = !pagedCache && attention.needsMask(keys, { ...inputs, causal });
      if (isMasked && !masks.has(key)) masks.set(key, makeMask(window, upcast));
      if (rotary && !angles.has(rotary)) angles.set(rotary, rotaryAngles(rotary, positions(), keys));
      return { mask: isMasked ? masks.get(key) : undefined, angles: rotary && angles.get(rotary), documentStarts };
    };
  }
}
