/** Vectors of texts: one for each token, or one for the whole text (Reimers & Gurevych 2019). */
import { vectorsOf } from '../generate/sessions/session.ts';
import type { Model } from '../models/model.ts';
import { embed, type Pooling } from '../models/pooling.ts';
import { usageError } from '../support/errors.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { countTokens, encodeInputs, inBatches, type ReadingOptions, type TaskInput } from './inputs.ts';

export interface EmbeddingOptions extends ReadingOptions {
  /** Default `last` for a decoder, whose last token is the one that saw all others, else `mean`. */
  pooling?: Pooling;
  /** Scale to length 1, so that products are cosines. Default true. */
  normalize?: boolean;
  /** Keep the first n dimensions, for models trained for that (Kusupati et al. 2022, "Matryoshka"). Default all. */
  dimensions?: number;
}

export interface TextEmbeddings {
  vectors: Float32Array[];
  /** Tokens that were read. */
  tokens: number;
}

/**
 * One vector a text.
 *
 * @throws UserError when an input is empty or too long, or the vectors have fewer dimensions than are asked for
 */
export function embedTexts(
  model: Model,
  tokenizer: Tokenizer,
  inputs: readonly TaskInput[],
  { pooling = defaultPooling(model), normalize = true, dimensions, truncate }: EmbeddingOptions = {},
): TextEmbeddings {
  const { reader } = model.backbone;
  if (dimensions !== undefined && !(Number.isInteger(dimensions) && dimensions >= 1 && dimensions <= reader.hidden)) {
    throw usageError(
      'TSLM_DIMENSIONS',
      `${dimensions} dimensions are asked for, the model's vectors have ${reader.hidden}`,
      `give a whole number from 1 to ${reader.hidden}, or leave it out`,
    );
  }
  const encoded = encodeInputs(model, tokenizer, inputs, { truncate });
  const vectors = inBatches(model, encoded, ({ inputs }) => {
    const pooled = embed(reader.forward(inputs), inputs.attentionMask, { pooling });
    const cut = dimensions === undefined ? pooled : pooled.narrow(-1, 0, dimensions);
    const scaled = normalize ? cut.div(cut.vectorNorm([-1], { keepdim: true }).clamp({ min: 1e-12 })) : cut;
    return vectorsOf(scaled.unsqueeze(1)).map(([vector]) => vector.slice());
  });
  return { vectors, tokens: countTokens(encoded) };
}

/**
 * The last hidden state of each token, special tokens included: [inputs][tokens], each [hidden].
 *
 * @throws UserError when an input is empty or too long
 */
export function extractFeatures(
  model: Model,
  tokenizer: Tokenizer,
  inputs: readonly TaskInput[],
  { truncate }: ReadingOptions = {},
): Float32Array[][] {
  const { reader } = model.backbone;
  const encoded = encodeInputs(model, tokenizer, inputs, { truncate });
  return inBatches(model, encoded, ({ inputs, indices, starts }) =>
    vectorsOf(reader.forward(inputs).lastHiddenState).map((vectors, row) =>
      vectors.slice(starts[row], starts[row] + encoded[indices[row]].ids.length),
    ),
  );
}

const defaultPooling = ({ backbone }: Model): Pooling => (backbone.kind === 'decoder' ? 'last' : 'mean');
