/** Generation with a decoder alone: the text so far is its input, and a key–value cache its memory. */
import { Decoder } from '../../models/decoder.ts';
import type { Backbone, Model } from '../../models/model.ts';
import { KVCache } from '../../nn/index.ts';
import { inferenceMode, scope } from '../../torch/index.ts';
import {
  type CachedSession,
  int64,
  padMask,
  padRows,
  type Reading,
  type ReadOptions,
  readOneByOne,
  repeat,
  vectorsOf,
} from './session.ts';

export interface DecoderSessionOptions {
  /** Most positions that will be fed. */
  capacity: number;
  /** 0 for tokens of the first call that do not count: [batch][time]; default all count. */
  attentionMask?: readonly ArrayLike<number>[];
}

/**
 * Shorter rows of the first call are padded on the left, so that every row's next token comes at the same place;
 * positions count real tokens alone.
 */
export function decoderSession(model: Model, { capacity, attentionMask }: DecoderSessionOptions): CachedSession {
  const { device } = model;
  /** Positions of a learnt prompt, which the cache holds before those of the text. */
  const virtual = model.backbone.virtualTokens;
  const cache = new KVCache(model.backbone.layerCount, virtual + capacity);
  const cached = (): number => Math.max(0, cache.length - virtual);
  const switchesAt = rotarySwitch(model.backbone);
  /** All that was fed, where it will be needed again. */
  let texts: number[][] | undefined;
  /** Per row: 1 for each token that counts; undefined where all do. */
  let masks: number[][] | undefined;
  let isFirst = true;
  return {
    read,
    step: input => read(input).logits.map(([last]) => last),
    truncate(length) {
      const crossesBack = texts !== undefined && isSwitched(texts[0].length) && !isSwitched(length);
      texts = texts?.map(text => text.slice(0, length));
      masks = masks?.map(mask => mask.slice(0, length));
      if (crossesBack) cache.dispose();
      else cache.truncate(length === 0 ? 0 : Math.min(virtual + length, cache.length));
    },
    selectRows(rows) {
      masks = masks && rows.map(r => masks![r]);
      texts = texts && rows.map(r => texts![r]);
      scope(() => inferenceMode(() => cache.selectRows(int64(rows, [rows.length], device))));
    },
    [Symbol.dispose]: () => cache.dispose(),
  };

  function isSwitched(length: number): boolean {
    return switchesAt !== undefined && length > switchesAt;
  }

  function read(input: readonly ArrayLike<number>[], options: ReadOptions = {}): Reading {
    const { logitsToKeep = 1, hiddenStates = false } = options;
    const time = input[0].length;
    const past = texts?.[0].length ?? cached();
    if (past > 0 && time > 1 && readsDifferently(model.backbone, past, input))
      return readOneByOne(read, input, options);
    if (past > 0 && !isSwitched(past) && isSwitched(past + time)) cache.dispose();
    let rows = padRows(input, 'left', 0);
    if (isFirst) masks = padMask(input, 'left', attentionMask);
    else masks = masks?.map(mask => [...mask, ...repeat(1, time)]);
    if (!masks?.some(mask => mask.includes(0))) masks = undefined;
    isFirst = false;
    if (switchesAt !== undefined) {
      texts = texts?.map((text, r) => [...text, ...rows[r]]) ?? rows;
      if (cached() < past) rows = texts;
    }
    const shape = [rows.length, rows[0].length];
    const keys = masks && [masks.length, masks[0].length];
    const positions = masks?.flatMap(mask => positionsOf(mask).slice(-shape[1]));
    return scope(() =>
      inferenceMode(() => {
        const { logits, lastHiddenState } = model.forward({
          inputIds: int64(rows.flat(), shape, device),
          attentionMask: masks && int64(masks.flat(), keys!, device),
          positionIds: positions && int64(positions, shape, device),
          cache,
          logitsToKeep,
        });
        return {
          logits: vectorsOf(logits!),
          ...(hiddenStates && { hiddenStates: vectorsOf(lastHiddenState).map(withoutPadding) }),
        };
      }),
    );
  }

  function withoutPadding(states: Float32Array[], row: number): Float32Array[] {
    const mask = masks?.[row].slice(-states.length);
    return mask ? states.filter((_, t) => mask[t] === 1) : states;
  }
}

/** The length past which keys in the cache were turned by other angles than the queries. */
export const rotarySwitch = (backbone: Backbone): number | undefined =>
  backbone instanceof Decoder ? backbone.options.layers[0].attention.rotary?.switchesAt : undefined;

/**
 * Whether several tokens at once are read otherwise than one after the other: where angles depend on how long the text is
 * by then, and where a padding token inside a text takes a place by itself and none among others.
 */
export function readsDifferently(backbone: Backbone, past: number, input: readonly ArrayLike<number>[]): boolean {
  if (!(backbone instanceof Decoder)) return false;
  const { layers, embeddings } = backbone.options;
  const end = past + input[0].length;
  const turns = layers.some(({ attention: { rotary } }) => {
    if (!rotary?.dynamic) return false;
    const [first, last] = [past + 1, end].map(length => rotary.inverseFrequencies(length));
    return first.some((frequency, pair) => frequency !== last[pair]);
  });
  const padding = embeddings.positions?.afterPadding;
  return turns || (padding !== undefined && input.some(row => Array.from(row).includes(padding)));
}

/** Each real token's number among the real ones. */
function positionsOf(mask: readonly number[]): number[] {
  let seen = 0;
  return mask.map(counts => (counts ? seen++ : Math.max(0, seen - 1)));
}
