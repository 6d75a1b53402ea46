/** Generation with a decoder alone: the text so far is its input, and a key–value cache its memory. */
import { Decoder } from '../models/decoder.ts';
import type { Backbone, Model } from '../models/model.ts';
import { KVCache } from '../nn/index.ts';
import { inferenceMode, scope } from '../torch/index.ts';
import { int64, logitRows, padMask, padRows, repeat, type Stepper } from './stepper.ts';

export interface DecoderStepperOptions {
  /** Most positions that will be fed. */
  capacity: number;
  /** 0 for tokens of the first call that do not count: [batch][time]; default all count. */
  attentionMask?: readonly ArrayLike<number>[];
}

/**
 * Shorter rows of the first call are padded on the left, so that every row's next token comes at the same place;
 * positions count real tokens alone.
 */
export function decoderStepper(model: Model, { capacity, attentionMask }: DecoderStepperOptions): Stepper {
  const { device } = model;
  const cache = new KVCache(model.backbone.layerCount, capacity);
  const switchesAt = rotarySwitch(model.backbone);
  /** All that was fed, where it will be needed again. */
  let texts: number[][] | undefined;
  /** Per row: 1 for each token that counts; undefined where all do. */
  let masks: number[][] | undefined;
  let isFirst = true;
  return {
    step(input) {
      let rows = padRows(input, 'left', 0);
      if (isFirst) masks = padMask(input, 'left', attentionMask);
      else masks = masks?.map(mask => [...mask, ...repeat(1, rows[0].length)]);
      if (!masks?.some(mask => mask.includes(0))) masks = undefined;
      isFirst = false;
      if (switchesAt !== undefined) {
        texts = texts?.map((text, r) => [...text, ...rows[r]]) ?? rows;
        if (cache.length > 0 && cache.length <= switchesAt && texts[0].length > switchesAt) {
          cache.dispose();
          rows = texts;
        }
      }
      const shape = [rows.length, rows[0].length];
      const keys = masks && [masks.length, masks[0].length];
      const positions = masks?.flatMap(mask => positionsOf(mask).slice(-shape[1]));
      return scope(() =>
        inferenceMode(() => {
          const { logits } = model.forward({
            inputIds: int64(rows.flat(), shape, device),
            attentionMask: masks && int64(masks.flat(), keys!, device),
            positionIds: positions && int64(positions, shape, device),
            cache,
            lastLogitsOnly: true,
          });
          return logitRows(logits!);
        }),
      );
    },
    selectRows(rows) {
      masks = masks && rows.map(r => masks![r]);
      texts = texts && rows.map(r => texts![r]);
      scope(() => inferenceMode(() => cache.selectRows(int64(rows, [rows.length], device))));
    },
    [Symbol.dispose]: () => cache.dispose(),
  };
}

/** The length past which keys in the cache were turned by other angles than the queries. */
const rotarySwitch = (backbone: Backbone): number | undefined =>
  backbone instanceof Decoder ? backbone.options.layers[0].attention.rotary?.switchesAt : undefined;

/** Each real token's number among the real ones. */
function positionsOf(mask: readonly number[]): number[] {
  let seen = 0;
  return mask.map(counts => (counts ? seen++ : Math.max(0, seen - 1)));
}
