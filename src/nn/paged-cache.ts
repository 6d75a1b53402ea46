/**
 * Keys and values of many sequences in pages of a fixed size (Kwon et al. 2023): a sequence takes a page when it needs one,
 * wherever that is, and sequences with the same beginning share its pages. Which pages are whose is the caller's to say, in
 * the plan of a step.
 */
import { dispose, fromTypedArray, inferenceMode, keep, scope, type Tensor } from '../torch/index.ts';
import { emptyPages, type PageShape, pagedAttention, pageElements } from '../torch/paged-attention.ts';

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

export class PagedCache implements Disposable {
  readonly shape: PageShape;
  readonly #layers: { keys: Tensor; values: Tensor }[];
  readonly #slopes: Tensor | undefined;
  #plan: Tensor | undefined;

  /** @param options.slopes of each head, for attention with linear biases */
  constructor(layers: number, shape: PageShape, { slopes }: { slopes?: readonly number[] } = {}) {
    this.shape = shape;
    this.#layers = Array.from({ length: layers }, () => keep({ keys: emptyPages(shape), values: emptyPages(shape) }));
    this.#slopes = slopes && keep(fromTypedArray(Float32Array.from(slopes), [slopes.length]));
  }

  /** Runs `body` with the forward pass of a step, whose tokens are those of the sequences one after the other. */
  step<T>(sequences: readonly PagedSequence[], body: () => T): T {
    const width = 3 + Math.max(1, ...sequences.map(({ pages }) => pages.length));
    const plan = new Int32Array(sequences.length * width).fill(-1);
    let first = 0;
    for (const [i, { tokens, past, pages }] of sequences.entries()) {
      plan.set([first, tokens, past, ...pages], i * width);
      first += tokens;
    }
    this.#plan = keep(fromTypedArray(plan, [sequences.length, width]));
    try {
      return body();
    } finally {
      this.#plan.dispose();
      this.#plan = undefined;
    }
  }

  /** [1, heads, tokens, dim] each → [1, heads, tokens, dim] */
  attend(layer: number, query: Tensor, key: Tensor, value: Tensor, kind: PagedAttentionKind): Tensor {
    if (!this.#plan) throw new Error('a paged cache attends within a step');
    const { pageSize, dtype } = this.shape;
    const [q, k, v] = [query, key, value].map(x => x.to(dtype));
    return pagedAttention(q, k, v, this.#layers[layer], this.#plan, { ...kind, pageSize, slopes: this.#slopes });
  }

  /** In all layers. */
  copyPage(from: number, to: number): void {
    scope(() =>
      inferenceMode(() => {
        for (const { keys, values } of this.#layers) {
          for (const pages of [keys, values]) pages.select(0, to).copy_(pages.select(0, from));
        }
      }),
    );
  }

  [Symbol.dispose](): void {
    dispose([this.#layers, this.#slopes]);
  }
}

/** Bytes of a page in all layers. */
export const bytesOfPage = (layers: number, shape: Omit<PageShape, 'pages'>): number =>
  layers * 2 * shape.kvHeads * pageElements(shape) * (shape.dtype === 'float32' ? 4 : 2);
