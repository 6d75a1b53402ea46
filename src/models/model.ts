/**
 * A model: a backbone that turns its input into hidden states, and a head that makes of these what is asked for. Inputs
 * and outputs have Hugging Face's names in camelCase.
 */
import {
  Embedding,
  type KVCache,
  LayerNorm,
  Linear,
  Module,
  type PagedCache,
  Parameter,
  type PrefixCache,
  RMSNorm,
} from '../nn/index.ts';
import { initNormal, initOnes, initZeros } from '../nn/init.ts';
import { type Device, type Tensor, withSeed } from '../torch/index.ts';
import type { Family } from './family.ts';
import { PatchEmbeddings } from './patch-embeddings.ts';
import type { Prompt } from './prompt.ts';

/** What a model is asked for; each has its head. `backbone`: hidden states only. */
export type Task =
  | 'backbone'
  | 'causalLM'
  | 'maskedLM'
  | 'pretraining'
  | 'seq2seqLM'
  | 'sequenceClassification'
  | 'tokenClassification'
  | 'questionAnswering'
  | 'multipleChoice'
  | 'nextSentence'
  | 'replacedTokens'
  | 'imageClassification';

export interface ModelInputs {
  /** int64 [batch, time] */
  inputIds?: Tensor;
  /** [batch, time, dim]: word vectors in place of ids. */
  inputsEmbeds?: Tensor;
  /** [batch, channels, height, width] */
  pixelValues?: Tensor;
  /** Images may be of another size than the model was made for: vectors of positions are interpolated. */
  interpolatePosEncoding?: boolean;
  /** int64 [batch, time]: 1 where a token counts, 0 for padding; with a cache it covers past positions too. */
  attentionMask?: Tensor;
  /** int64 [batch, time]: segment of each token */
  tokenTypeIds?: Tensor;
  /** int64 [batch, time]; default 0, 1, 2, … after what the cache holds */
  positionIds?: Tensor;
  /**
   * int64 [batch, time]: where the document of each position begins, when several lie one after another in a sequence
   * (decoders): they do not see each other.
   */
  documentStarts?: Tensor;
  /**
   * Decoders: false lets each position see those after it as well, with the same weights. Default true; Transformers has
   * it as `is_causal` of the configuration.
   */
  isCausal?: boolean;
  /** int64 [batch, time]: 1 where a token attends to everything and is attended by everything. */
  globalAttentionMask?: Tensor;
  /** [batch, time, time]: 1 where i may not see j (XLNet) */
  permMask?: Tensor;
  /** [batch, targets, time]: 1 at the position that a target stands for (XLNet) */
  targetMapping?: Tensor;
  /** Per layer [memory, batch, hidden]: hidden states of the segment before (XLNet). */
  mems?: readonly Tensor[];
  /** Return the memory for the next segment. */
  useMems?: boolean;
  /** int64 [batch, time]: the decoder's tokens; default the labels shifted right */
  decoderInputIds?: Tensor;
  /** [batch, time, dim]: word vectors in place of the decoder's ids. */
  decoderInputsEmbeds?: Tensor;
  decoderAttentionMask?: Tensor;
  decoderPositionIds?: Tensor;
  /** int64 [batch, keys]: 1 where the encoder’s output counts, for a decoder by itself */
  encodedMask?: Tensor;
  /** The encoder's result, computed before. */
  encoderOutput?: BackboneOutput;
  /** What the head's loss is computed against; −100 is ignored. */
  labels?: Tensor;
  nextSentenceLabel?: Tensor;
  sentenceOrderLabel?: Tensor;
  /** int64 [batch] or [batch, 1]: tokens of the question and what surrounds it (BigBird); default up to the separator */
  questionLengths?: Tensor;
  startPositions?: Tensor;
  endPositions?: Tensor;
  cache?: KVCache;
  /** Decoders: the tokens, [1, tokens], are those of several sequences; `positionIds` tells where each stands. */
  pagedCache?: PagedCache;
  /** Keys and values before the first position, in place of a cache. */
  prefix?: PrefixCache;
  /** Leave the positions of a learnt prompt in what comes out. Default: they are cut off. */
  keepPrompt?: boolean;
  outputHiddenStates?: boolean;
  outputAttentions?: boolean;
  /** Language models: project only the last n positions, [batch, n, vocab]. */
  logitsToKeep?: number;
  /** Language models: leave the logits in the element type of matrix products, for a loss that reads them so. */
  rawLogits?: boolean;
}

export interface BackboneOutput {
  /** [batch, time, hidden] */
  lastHiddenState: Tensor;
  /** [batch, hidden] */
  poolerOutput?: Tensor;
  hiddenStates?: Tensor[];
  attentions?: Tensor[];
  globalAttentions?: Tensor[];
  crossAttentions?: Tensor[];
  decoderHiddenStates?: Tensor[];
  decoderAttentions?: Tensor[];
  encoderLastHiddenState?: Tensor;
  encoderHiddenStates?: Tensor[];
  encoderAttentions?: Tensor[];
  mems?: Tensor[];
}

export interface HeadOutput {
  /** Scalar */
  loss?: Tensor;
  /** Language models [batch, time, vocab], classifiers [batch, labels] or [batch, time, labels] */
  logits?: Tensor;
  predictionLogits?: Tensor;
  seqRelationshipLogits?: Tensor;
  sopLogits?: Tensor;
  startLogits?: Tensor;
  endLogits?: Tensor;
}

/** Hidden states of the backbone with what the head makes of them. */
export type ModelOutput = BackboneOutput & HeadOutput;

export abstract class Backbone extends Module {
  /** Width of the last hidden state. */
  abstract readonly hidden: number;
  /** Most positions of an input. */
  abstract readonly maxPositions: number;
  /** Layers that a cache holds keys and values for. */
  abstract readonly layerCount: number;
  /** Which architecture it is. */
  abstract readonly kind: 'decoder' | 'encoder' | 'encoderDecoder' | 'twoStream';
  /** What stands before every input while an adapter of prompts is in use (`withAdapter`). */
  prompt: Prompt | undefined;

  forward(inputs: ModelInputs): BackboneOutput {
    return this.prompt ? this.prompt.around(this, inputs) : this.run(inputs);
  }

  /** The same without a learnt prompt. */
  abstract run(inputs: ModelInputs): BackboneOutput;

  /** Positions that a cache holds before those of the text. */
  get virtualTokens(): number {
    return this.prompt?.count ?? 0;
  }

  /** What reads the input: itself, or the encoder of a pair. */
  get reader(): Backbone {
    return this;
  }

  /** What scores are made of: itself, or the decoder of a pair. */
  get writer(): Backbone {
    return this;
  }

  /** Whether `documentStarts` keeps documents apart that lie one after another in a sequence. */
  get isolatesDocuments(): boolean {
    return false;
  }

  /** Whether `isCausal` can be chosen for inputs of this many positions. */
  readsBothWays(_positions: number): boolean {
    return false;
  }
}

export abstract class Head extends Module {
  /** Paths of parameters that are those of the backbone, which a checkpoint may hold once more. */
  readonly tiedPaths: readonly string[] = [];
  abstract forward(output: BackboneOutput, inputs: ModelInputs): HeadOutput;

  /** The embedding table that is the output layer, too. */
  get tied(): Embedding | undefined {
    return undefined;
  }

  /** What the backbone is to see of the model's inputs. */
  backboneInputs(inputs: ModelInputs): ModelInputs {
    return inputs;
  }
}

export interface ModelParts {
  backbone: Backbone;
  head?: Head;
  family: Family;
  task: Task;
  /** config.json as it was read or made. */
  config: Record<string, unknown>;
}

export class Model extends Module {
  readonly backbone: Backbone;
  readonly head: Head | undefined;
  readonly family: Family;
  readonly task: Task;
  readonly config: Record<string, unknown>;

  constructor({ backbone, head, family, task, config }: ModelParts) {
    super();
    this.backbone = backbone;
    this.head = head;
    this.family = family;
    this.task = task;
    this.config = config;
  }

  /** Most positions of an input. */
  get maxPositions(): number {
    return this.backbone.maxPositions;
  }

  /** Where the weights are. */
  get device(): Device {
    for (const [, parameter] of this.namedParameters()) return parameter.device;
    return 'cpu';
  }

  forward(inputs: ModelInputs): ModelOutput {
    const output = this.backbone.forward(this.head?.backboneInputs(inputs) ?? inputs);
    return this.head ? { ...output, ...this.head.forward(output, inputs) } : output;
  }

  /** Fresh weights from a seed, as the family draws them. */
  initialize(seed: number): this {
    withSeed(seed, () => this.family.initialize(this));
    return this;
  }
}

/** What most families start from: N(0, σ²) for matrices, 0 for biases, and norms that change nothing. */
export function initializeNormal(module: Module, std: number): void {
  for (const [, part] of module.namedModules()) {
    if (part instanceof LayerNorm) {
      initOnes(part.weight);
      if (part.bias) initZeros(part.bias);
    } else if (part instanceof RMSNorm) {
      (part.offset ? initZeros : initOnes)(part.weight);
    } else if (part instanceof Linear) {
      initNormal(part.weight, std);
      if (part.bias) initZeros(part.bias);
    } else if (part instanceof Embedding) {
      initNormal(part.weight, std);
      if (part.paddingIdx !== undefined) initZeros(part.weight, part.paddingIdx);
    } else if (part instanceof PatchEmbeddings) {
      for (const parameter of [part.weight, part.classToken, part.positions]) initNormal(parameter, std);
      initZeros(part.bias);
    } else if (part instanceof Head) {
      // What a head has beside layers are biases of its scores.
      for (const own of Object.values(part)) if (own instanceof Parameter) initZeros(own);
    }
  }
}
