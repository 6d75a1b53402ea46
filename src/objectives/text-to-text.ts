/** What all objectives of encoder–decoders share (Raffel et al. 2020): one text is read, another one written. */
import type { EncoderDecoder } from '../models/encoder-decoder.ts';
import { DecodersOwnHead } from '../models/heads/decoders-own.ts';
import type { LMHead } from '../models/heads/lm.ts';
import type { MaskedLMHead } from '../models/heads/masked-lm.ts';
import { IGNORE_INDEX } from '../models/losses.ts';
import type { Model } from '../models/model.ts';
import { usageError } from '../support/errors.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { type Device, scope, type Tensor } from '../torch/index.ts';
import { attentionMaskOf, padRows, type Targets, targetsOf, wordMeans } from './batches.ts';
import type { Means } from './objective.ts';

export interface TextToText {
  /** What the encoder reads. */
  inputIds: ArrayLike<number>;
  /** What the decoder writes; it reads the same, shifted right. */
  labels: ArrayLike<number>;
}

export interface TextToTextBatch {
  /** int64 [batch, source] */
  inputIds: Tensor;
  /** int64 [batch, source] */
  attentionMask: Tensor | undefined;
  /** int64 [batch, target], −100 after the end */
  labels: Tensor;
  targets: Targets;
}

/** What `lengthOf` says: the work of both halves. */
export const textToTextLength = ({ inputIds, labels }: TextToText): number => inputIds.length + labels.length;

export function textToTextBatch(
  examples: readonly TextToText[],
  tokenizer: Pick<Tokenizer, 'padTokenId'>,
  device: Device,
): TextToTextBatch {
  const sources = examples.map(({ inputIds }) => inputIds);
  const labels = examples.map(example => example.labels);
  return {
    inputIds: padRows(sources, tokenizer.padTokenId ?? 0, device),
    attentionMask: attentionMaskOf(sources, device),
    labels: padRows(labels, IGNORE_INDEX, device),
    targets: targetsOf(labels, device),
  };
}

export const textToTextCounts = ({ targets: { count } }: TextToTextBatch) => ({ words: count, accuracy: count });

/** The decoder's states, [batch, target, hidden]. */
export const decoderStates = (
  { backbone }: Model,
  { inputIds, attentionMask, labels }: Omit<TextToTextBatch, 'targets'>,
): Tensor => (backbone as EncoderDecoder).forward({ inputIds, attentionMask, labels }).lastHiddenState;

/** The head that scores words, of a decoder that has become half of an encoder–decoder, too. */
export function wordHead({ head }: Model): LMHead | MaskedLMHead {
  return (head instanceof DecodersOwnHead ? head.decoder : head) as LMHead | MaskedLMHead;
}

export const textToTextMeans = (model: Model, batch: TextToTextBatch): Means =>
  scope(() => wordMeans(wordHead(model), decoderStates(model, batch), batch.targets));

/** @throws UserError when the tokenizer has no end-of-sequence token */
export function requireEos(tokenizer: Tokenizer): number {
  const { eosTokenId } = tokenizer;
  if (eosTokenId !== undefined) return eosTokenId;
  throw usageError('TSLM_NO_EOS', 'the tokenizer has no end token', 'set eos_token in tokenizer_config.json');
}
