/**
 * Who looks at whom: the attention weights of every layer and head for one text (Bahdanau et al. 2015; Vaswani et al.
 * 2017). Of attention by random features they are what it estimates.
 */
import { EncoderDecoder } from '../models/encoder-decoder.ts';
import { TwoStream } from '../models/families/xlnet/two-stream.ts';
import type { Backbone, Model, ModelInputs } from '../models/model.ts';
import { usageError } from '../support/errors.ts';
import { tokenTexts } from '../tokenizers/decode/token-text.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { inferenceMode, scope, type Tensor } from '../torch/index.ts';
import { denseMaps } from './dense-maps.ts';
import { decoderIds, idTensor, inputIdsOf, stackOf } from './inputs.ts';

/** Attention weights of one sentence. */
export interface AttentionMaps {
  tokens: string[];
  /** One for each kind there is: a decoder's or encoder's own, and of an encoder–decoder all three. */
  maps: AttentionMap[];
}

export interface AttentionMap {
  kind: 'self' | 'encoder' | 'decoder' | 'cross';
  /** Texts of the rows (who looks) and columns (at whom). */
  queries: string[];
  keys: string[];
  layers: number;
  heads: number;
  /** [layers, heads, queries, keys], each row sums to one */
  weights: Float32Array;
}

export interface AttentionMapsOptions {
  /** What an encoder–decoder's decoder reads. Default its own answer. */
  target?: string;
}

/** 256 MB */
const MOST_WEIGHTS = 2 ** 26;

/**
 * @throws UserError when the text is empty, longer than the model reads, or so long that its maps would take too much
 *   memory; when `target` is given and the model has no decoder that would read it
 */
export function attentionMaps(
  model: Model,
  tokenizer: Tokenizer,
  text: string,
  { target }: AttentionMapsOptions = {},
): AttentionMaps {
  const { backbone } = model;
  const ids = inputIdsOf(model, tokenizer, text);
  const tokens = tokenTexts(tokenizer, ids);
  if (backbone instanceof EncoderDecoder) {
    checkSize(backbone.encoder, ids.length);
    const written = decoderIds(model, tokenizer, ids, target);
    checkSize(backbone.decoder, Math.max(ids.length, written.length));
    return { tokens, maps: threeMaps(model, ids, written, tokenizer) };
  }
  if (target !== undefined) {
    throw usageError('TSLM_NOT_SUPPORTED', 'this model reads one text and no target', "leave out 'target'");
  }
  checkSize(backbone, ids.length);
  return scope(() =>
    inferenceMode(() => {
      const given = { inputIds: idTensor(model, ids) };
      // A classifier may choose global tokens (Longformer); what other heads choose are parts of a pair.
      const seen = model.task === 'sequenceClassification' ? model.head!.backboneInputs(given) : given;
      const inputs: ModelInputs = { ...seen, outputAttentions: true };
      const attentions = denseMaps(backbone, backbone.forward(inputs), inputs.globalAttentionMask);
      return { tokens, maps: [mapOf('self', tokens, tokens, attentions)] };
    }),
  );
}

function threeMaps(
  model: Model,
  ids: readonly number[],
  written: readonly number[],
  tokenizer: Tokenizer,
): AttentionMap[] {
  const [read, answer] = [ids, written].map(list => tokenTexts(tokenizer, list));
  return scope(() =>
    inferenceMode(() => {
      const { encoderAttentions, decoderAttentions, crossAttentions } = model.backbone.forward({
        inputIds: idTensor(model, ids),
        decoderInputIds: idTensor(model, written),
        outputAttentions: true,
      });
      return [
        mapOf('encoder', read, read, encoderAttentions!),
        mapOf('decoder', answer, answer, decoderAttentions!),
        mapOf('cross', answer, read, crossAttentions!),
      ];
    }),
  );
}

/** @param attentions a layer each: [1, heads, queries, keys] */
function mapOf(kind: AttentionMap['kind'], queries: string[], keys: string[], attentions: Tensor[]): AttentionMap {
  const [{ shape, numel }] = attentions;
  const weights = new Float32Array(attentions.length * numel);
  for (const [layer, attention] of attentions.entries()) {
    attention.copyTo(weights.subarray(layer * numel, (layer + 1) * numel), 'float32');
  }
  return { kind, queries, keys, layers: attentions.length, heads: shape[1], weights };
}

function checkSize(backbone: Backbone, length: number): void {
  const heads = backbone instanceof TwoStream ? backbone.options.heads : stackOf(backbone)!.layers[0].attention.heads;
  const longest = Math.floor(Math.sqrt(MOST_WEIGHTS / (heads * backbone.layerCount)));
  if (length <= longest) return;
  throw usageError(
    'TSLM_TOO_LONG',
    `the attention maps of ${length} tokens in ${backbone.layerCount} layers of ${heads} heads are too large`,
    `give a text of at most ${longest} tokens`,
  );
}
