/**
 * A decoder that reads tokens of many sequences in one pass, its keys and values in pages: what continuous batching rests on
 * (Yu et al. 2022; Kwon et al. 2023). A sequence's logits are the same bits whatever else is in the batch, where weights are
 * packed for inference.
 */
import { Decoder } from '../../models/decoder.ts';
import type { Model } from '../../models/model.ts';
import { type Attention, alibiSlopes, bytesOfPage, PagedCache, type PagedSequence } from '../../nn/index.ts';
import { inferenceMode, scope } from '../../torch/index.ts';
import { int64, vectorsOf } from './session.ts';

export interface PagedInput extends Omit<PagedSequence, 'tokens'> {
  /** New tokens; they stand after the `past` ones. */
  ids: ArrayLike<number>;
  /** Whose logits are wanted: after the last token, after each, or none. */
  logits: 'last' | 'all' | 'none';
}

export interface PagedModel extends Disposable {
  readonly pageSize: number;
  readonly pages: number;
  /**
   * @returns for each input the logits that were wanted, each [vocab]; the caller may change them
   */
  forward(inputs: readonly PagedInput[]): Float32Array[][];
  /** What one page holds goes into another one, too. */
  copyPage(from: number, to: number): void;
}

const attentionsOf = (model: Model): Attention[] =>
  model.backbone instanceof Decoder ? model.backbone.stack.layers.map(({ attention }) => attention) : [];

/**
 * Whether a model's keys and values can lie in pages: a decoder's whose tokens all attend in full or in a window,
 * whatever the length of the text, and nothing learnt before it.
 */
export function canPage(model: Model): boolean {
  const { backbone } = model;
  if (!(backbone instanceof Decoder) || backbone.prompt || model.task !== 'causalLM') return false;
  const { layers, embeddings, relativeBias } = backbone.options;
  if (relativeBias || embeddings.positions?.afterPadding !== undefined) return false;
  const attentions = attentionsOf(model);
  const { kvHeads, headDim } = attentions[0];
  return (
    attentions.every(attention => attention.kvHeads === kvHeads && attention.headDim === headDim) &&
    layers.every(
      ({ attention: { kind, rotary, dropout = 0 } }) =>
        kind === undefined &&
        !rotary?.dynamic &&
        rotary?.switchesAt === undefined &&
        (dropout === 0 || !model.training),
    )
  );
}

/** Bytes of the keys and values of one page. */
export const pageBytes = (model: Model, pageSize: number): number =>
  bytesOfPage(model.backbone.layerCount, { pageSize, ...pageShapeOf(model) });

function pageShapeOf(model: Model) {
  const [{ kvHeads, headDim }] = attentionsOf(model);
  const [{ dtype }] = model.parameters();
  return { kvHeads, headDim, dtype };
}

/** @param options.pageSize positions in a page, a multiple of 32 */
export function pagedModel(model: Model, { pages, pageSize = 32 }: { pages: number; pageSize?: number }): PagedModel {
  const backbone = model.backbone as Decoder;
  const slopes = backbone.options.alibi ? alibiSlopes(attentionsOf(model)[0].heads) : undefined;
  const { device } = model;
  const cache = new PagedCache(backbone.layerCount, { pages, pageSize, ...pageShapeOf(model) }, { device, slopes });
  return {
    pageSize,
    pages,
    forward(inputs) {
      const ids = inputs.flatMap(input => Array.from(input.ids));
      const positions = inputs.flatMap(({ ids, past }) => Array.from({ length: ids.length }, (_, i) => past + i));
      const wanted = wantedRows(inputs);
      const sequences = inputs.map(({ ids, past, pages }) => ({ tokens: ids.length, past, pages }));
      const logits = scope(() =>
        inferenceMode(() =>
          cache.step(sequences, () => {
            const shape = [1, ids.length];
            const output = backbone.forward({
              inputIds: int64(ids, shape, device),
              positionIds: int64(positions, shape, device),
              pagedCache: cache,
            });
            const rows = wanted.flat();
            if (rows.length === 0) return [];
            const lastHiddenState =
              rows.length === ids.length
                ? output.lastHiddenState
                : output.lastHiddenState.indexSelect(1, int64(rows, [rows.length], device));
            return vectorsOf(model.head!.forward({ lastHiddenState }, {}).logits!)[0];
          }),
        ),
      );
      let next = 0;
      return wanted.map(rows => rows.map(() => logits[next++]));
    },
    copyPage: (from, to) => cache.copyPage(from, to),
    [Symbol.dispose]: () => cache[Symbol.dispose](),
  };
}

/** For each input the rows of the batch whose logits are wanted. */
function wantedRows(inputs: readonly PagedInput[]): number[][] {
  let first = 0;
  return inputs.map(({ ids, logits }) => {
    const begin = first;
    first += ids.length;
    if (logits === 'none') return [];
    return logits === 'last' ? [first - 1] : Array.from({ length: ids.length }, (_, i) => begin + i);
  });
}
