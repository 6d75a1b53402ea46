/** What generation is given, and how a text begins with it. */
import type { Tensor } from '../../torch/index.ts';

export interface GenerationInputs {
  /** Token ids of each prompt: what a decoder continues, or an encoder reads. */
  inputIds?: readonly ArrayLike<number>[];
  /** 0 where a prompt holds padding, 1 elsewhere; default 1. Prompts of different lengths need no padding. */
  attentionMask?: readonly ArrayLike<number>[];
  /** [batch, channels, height, width], where the encoder reads images */
  pixelValues?: Tensor;
}

export interface StartOptions {
  /**
   * Go on past the positions that a model was made for where nothing but its training sets that limit, as with rotary
   * positions. Default false.
   */
  beyondContext?: boolean;
  /** What `guidanceScale` leans away from: token ids for each prompt. Default the prompt's last token. */
  negativePrompts?: readonly ArrayLike<number>[];
}

/** How a text begins: what the processors see and lengths count. */
export interface Prompt {
  ids: number[];
  /** Tokens of it that are padding, and take no place in the model's context. */
  padding: number;
  /** What the options about an encoder's input speak of; a decoder's own prompt counts as such, as in Hugging Face. */
  encoderInputIds?: ArrayLike<number>;
}
