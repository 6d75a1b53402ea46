/**
 * Generation with an encoder–decoder: the encoder reads its input once, the decoder's keys and values over it are kept,
 * and only the decoder's text grows.
 */
import type { EncoderDecoder } from '../../models/encoder-decoder.ts';
import type { Model } from '../../models/model.ts';
import { KVCache } from '../../nn/index.ts';
import { dispose, inferenceMode, keep, scope, type Tensor } from '../../torch/index.ts';
import { readsDifferently } from './decoder-session.ts';
import {
  type CachedSession,
  int64,
  padMask,
  padRows,
  type Reading,
  type ReadOptions,
  readOneByOne,
  vectorsOf,
} from './session.ts';

export interface EncoderDecoderSessionOptions {
  /** Most positions of the decoder that will be fed. */
  capacity: number;
  /** Token ids of each input of the encoder; shorter ones are padded on the right. */
  inputIds?: readonly ArrayLike<number>[];
  /** 0 where those hold padding: [batch][time]; default none. */
  attentionMask?: readonly ArrayLike<number>[];
  /** [batch, channels, height, width], in place of token ids */
  pixelValues?: Tensor;
}

export function encoderDecoderSession(
  model: Model & { backbone: EncoderDecoder },
  { capacity, inputIds, attentionMask, pixelValues }: EncoderDecoderSessionOptions,
): CachedSession {
  const { device, backbone } = model;
  const encoded = keep(scope(() => inferenceMode(() => encode())));
  const virtual = backbone.decoder.virtualTokens;
  const cache = new KVCache(backbone.layerCount, virtual + capacity);
  return {
    read,
    step: input => read(input).logits.map(([last]) => last),
    truncate: length => cache.truncate(length === 0 ? 0 : virtual + length),
    selectRows(rows) {
      scope(() =>
        inferenceMode(() => {
          const index = int64(rows, [rows.length], device);
          cache.selectRows(index);
          const { state, mask } = encoded;
          encoded.state = keep(state.indexSelect(0, index));
          encoded.mask = mask && keep(mask.indexSelect(0, index));
          dispose([state, mask]);
        }),
      );
    },
    [Symbol.dispose]() {
      cache.dispose();
      dispose(encoded);
    },
  };

  function read(
    input: readonly ArrayLike<number>[],
    { logitsToKeep = 1, hiddenStates = false }: ReadOptions = {},
  ): Reading {
    if (cache.length > 0 && input[0].length > 1 && readsDifferently(backbone.decoder, cache.length, input)) {
      return readOneByOne(read, input, { logitsToKeep, hiddenStates });
    }
    const ids = input.flatMap(row => Array.from(row));
    return scope(() =>
      inferenceMode(() => {
        const { logits, lastHiddenState } = model.forward({
          decoderInputIds: int64(ids, [input.length, input[0].length], device),
          encoderOutput: { lastHiddenState: encoded.state },
          attentionMask: encoded.mask,
          cache,
          logitsToKeep,
        });
        return { logits: vectorsOf(logits!), ...(hiddenStates && { hiddenStates: vectorsOf(lastHiddenState) }) };
      }),
    );
  }

  /** state [batch, keys, hidden], mask [batch, keys] where something is padding */
  function encode(): { state: Tensor; mask: Tensor | undefined } {
    if (pixelValues) {
      const { lastHiddenState } = backbone.encode({ pixelValues: pixelValues.to({ device }) });
      return { state: lastHiddenState, mask: undefined };
    }
    const ids = padRows(inputIds!, 'right', backbone.options.padTokenId);
    const masks = padMask(inputIds!, 'right', attentionMask);
    const shape = [ids.length, ids[0].length];
    const mask = masks.some(row => row.includes(0)) ? int64(masks.flat(), shape, device) : undefined;
    const inputs = { inputIds: int64(ids.flat(), shape, device), attentionMask: mask };
    return { state: backbone.encode(inputs).lastHiddenState, mask };
  }
}
