/**
 * Keys and values of many sequences in pages of a fixed size (Kwon et al. 2023): a sequence takes a page when it needs one,
 * wherever that is, and sequences with the same beginning share its pages. Which pages are whose is the caller's to say, in
 * the plan of a step.
 */
import { type Device, dispose, fromTypedArray, inferenceMode, keep, scope, type Tensor } from '../torch/index.ts';
import { emptyPages, type PageShape, pagedAttention, pageElements } from '../torch/paged-attention.ts';
import { devicePages } from './device-pages.ts';

/** A sequence in a step: how many of the step's tokens are its own, and where what it had before is. */
export interface PagedSequence {
  tokens: number;
  /** Positions in the cache. */
  past: number;
  /** Enough for past and new positions. */
  pages: readonly number[];
}

/** What paged attention must know of a layer. */
export interface PagedAttentionKind {
  scale: number;
  window?: number;
  softcap?: number;
}

/** Where the pages lie, and how queries meet them. */
export interface PageStore {
  /** A step with tokens of these sequences, one after the other. */
  begin(sequences: readonly PagedSequence[]): void;
  /** Writes keys and values, then lets the queries see theirs: [1, heads, tokens, dim] each. */
  attend(layer: number, query: Tensor, key: Tensor, value: Tensor, kind: PagedAttentionKind): Tensor;
  end(): void;
  /** In all layers. */
  copyPage(from: number, to: number): void;
  dispose(): void;
}

export interface PagedCacheOptions {
  /** Default `cpu`. */
  device?: Device;
  /** Of each head, for attention with linear biases. */
  slopes?: readonly number[];
}

export class PagedCache implements Disposable {
  readonly shape: PageShape;
  readonly #store: PageStore;
  #isInStep = false;

  constructor(layers: number, shape: PageShape, { device = 'cpu', slopes }: PagedCacheOptions = {}) {
    this.shape = shape;
    this.#store = device === 'cpu' ? cpuPages(layers, shape, slopes) : devicePages(layers, shape, { device, slopes });
  }

  /** Runs `body` with the forward pass of a step, whose tokens are those of the sequences one after the other. */
  step<T>(sequences: readonly PagedSequence[], body: () => T): T {
    this.#store.begin(sequences);
    this.#isInStep = true;
    try {
      return body();
    } finally {
      this.#isInStep = false;
      this.#store.end();
    }
  }

  /** [1, heads, tokens, dim] each → [1, heads, tokens, dim] */
  attend(layer: number, query: Tensor, key: Tensor, value: Tensor, kind: PagedAttentionKind): Tensor {
    if (!this.#isInStep) throw new Error('a paged cache attends within a step');
    const { dtype } = this.shape;
    return this.#store.attend(layer, query.to(dtype), key.to(dtype), value.to(dtype), kind);
  }

  /** In all layers. */
  copyPage(from: number, to: number): void {
    this.#store.copyPage(from, to);
  }

  [Symbol.dispose](): void {
    this.#store.dispose();
  }
}

/** Pages as our kernel on the CPU reads them. */
function cpuPages(layers: number, shape: PageShape, slopes: readonly number[] | undefined): PageStore {
  const store = Array.from({ length: layers }, () => keep({ keys: emptyPages(shape), values: emptyPages(shape) }));
  const slopesOf = slopes && keep(fromTypedArray(Float32Array.from(slopes), [slopes.length]));
  let plan: Tensor | undefined;
  return {
    begin(sequences) {
      const width = 3 + Math.max(1, ...sequences.map(({ pages }) => pages.length));
      const numbers = new Int32Array(sequences.length * width).fill(-1);
      let first = 0;
      for (const [i, { tokens, past, pages }] of sequences.entries()) {
        numbers.set([first, tokens, past, ...pages], i * width);
        first += tokens;
      }
      plan = keep(fromTypedArray(numbers, [sequences.length, width]));
    },
    attend: (layer, query, key, value, kind) =>
      pagedAttention(query, key, value, store[layer], plan!, { ...kind, pageSize: shape.pageSize, slopes: slopesOf }),
    end() {
      plan?.dispose();
      plan = undefined;
    },
    copyPage(from, to) {
      scope(() =>
        inferenceMode(() => {
          for (const { keys, values } of store) {
            for (const pages of [keys, values]) pages.select(0, to).copy_(pages.select(0, from));
          }
        }),
      );
    },
    dispose: () => dispose([store, slopesOf]),
  };
}

/** Bytes of a page in all layers. */
export const bytesOfPage = (layers: number, shape: Omit<PageShape, 'pages'>): number =>
  layers * 2 * shape.kvHeads * pageElements(shape) * (shape.dtype === 'float32' ? 4 : 2);
