/** What a token sequence becomes before the first layer: the sum of word, position and type vectors. */
import { createNorm, Dropout, Embedding, Linear, Module, type Norm, type NormOptions } from '../nn/index.ts';
import { sinusoidalTable } from '../nn/positions.ts';
import { arange, autocastDtype, dispose, keep, type Tensor, tensor, zeros } from '../torch/index.ts';

export interface PositionOptions {
  kind: 'learned' | 'sinusoidal';
  count: number;
  /** Position p has row p + offset. Default 0. */
  offset?: number;
  /** Positions count only the tokens that differ from this one, after which they start (RoBERTa). */
  afterPadding?: number;
}

export interface EmbeddingsOptions {
  vocabSize: number;
  /** Width of the tables. */
  dim: number;
  /** The sum is projected to this width (ALBERT). */
  hidden?: number;
  positions?: PositionOptions;
  /** Number of segment types. */
  tokenTypes?: number;
  /** Segment types are words of the vocabulary (GPT-2). Default false. */
  typesAreWords?: boolean;
  norm?: NormOptions;
  /** Factor on word vectors when they are looked up. Default 1. */
  scale?: number;
  /** The factor is rounded to the element type of the vectors, as in Gemma. Default false. */
  roundedScale?: boolean;
  /** The factor is on vectors that are given in place of ids, too (BigBird). Default false. */
  scaleGiven?: boolean;
  dropout: number;
  /** Dropout comes before the norm (BigBird). Default false. */
  dropoutBeforeNorm?: boolean;
  /** A word that is looked up without a gradient. */
  paddingIdx?: number;
}

export interface EmbeddingsInputs {
  /** int64 [batch, time] */
  inputIds?: Tensor;
  /** [batch, time, dim]: word vectors in place of ids. */
  inputsEmbeds?: Tensor;
  /** int64 [1 or batch, time]; default counts on after `past` */
  positionIds?: Tensor;
  /** int64 [batch, time]: where the document of each position begins; positions count from there. */
  documentStarts?: Tensor;
  /** int64 [batch, time]; default 0 */
  tokenTypeIds?: Tensor;
  /** Positions that a cache holds already. */
  past?: number;
}

export class Embeddings extends Module {
  readonly word: Embedding;
  readonly positions: Embedding | undefined;
  readonly tokenTypes: Embedding | undefined;
  readonly norm: Norm | undefined;
  readonly projection: Linear | undefined;
  readonly dropout: Dropout;
  readonly options: EmbeddingsOptions;
  #sinusoids: Tensor | undefined;

  /** @param word a table shared with other embeddings */
  constructor(options: EmbeddingsOptions, word?: Embedding) {
    super();
    const { vocabSize, dim, hidden, positions, tokenTypes, norm, dropout, paddingIdx } = options;
    this.options = options;
    this.word = word ?? new Embedding(vocabSize, dim, { paddingIdx });
    if (positions?.kind === 'learned') {
      const rows = positions.count + (positions.offset ?? 0);
      this.positions = new Embedding(rows, dim, { paddingIdx: positions.afterPadding });
    }
    this.tokenTypes = tokenTypes ? new Embedding(tokenTypes, dim) : undefined;
    this.norm = norm && createNorm(dim, norm);
    this.projection = hidden === undefined ? undefined : new Linear(dim, hidden);
    this.dropout = new Dropout(dropout);
  }

  /**
   * @returns [batch, time, hidden]
   * @throws RangeError when there are more positions than vectors for them
   */
  forward(inputs: EmbeddingsInputs): Tensor {
    const { inputIds, inputsEmbeds, tokenTypeIds, past = 0 } = inputs;
    const { scaleGiven, dropoutBeforeNorm } = this.options;
    const given = inputsEmbeds && scaleGiven ? this.#scaled(inputsEmbeds) : inputsEmbeds;
    const words = given ?? this.#scaled(this.word.forward(inputIds!));
    let x = words;
    if (this.tokenTypes) x = x.add(this.#types(words, tokenTypeIds));
    else if (tokenTypeIds && this.options.typesAreWords) x = x.add(this.word.forward(tokenTypeIds));
    else if (tokenTypeIds) throw new RangeError('this model has no token types: leave tokenTypeIds out');
    if (this.options.positions) x = x.add(this.#positionVectors(inputs, words, past));
    if (dropoutBeforeNorm) x = this.dropout.forward(x);
    if (this.norm) x = this.norm.forward(x);
    if (!dropoutBeforeNorm) x = this.dropout.forward(x);
    return this.projection ? this.projection.forward(x).to(autocastDtype() ? 'float32' : x.dtype) : x;
  }

  /** [batch, time, dim]: what `inputsEmbeds` has to be for the same result. */
  words(inputIds: Tensor): Tensor {
    const found = this.word.forward(inputIds);
    return this.options.scaleGiven ? found : this.#scaled(found);
  }

  #scaled(words: Tensor): Tensor {
    const { scale = 1, roundedScale } = this.options;
    if (scale === 1) return words;
    return words.mul(roundedScale ? tensor(scale, { dtype: words.dtype, device: words.device }) : scale);
  }

  #types(words: Tensor, tokenTypeIds: Tensor | undefined): Tensor {
    if (tokenTypeIds) return this.tokenTypes!.forward(tokenTypeIds);
    const first = zeros([1, 1], { dtype: 'int64', device: words.device });
    return this.tokenTypes!.forward(first).to(words.dtype);
  }

  #positionVectors({ inputIds, positionIds, documentStarts }: EmbeddingsInputs, words: Tensor, past: number): Tensor {
    const { count, offset = 0, afterPadding } = this.options.positions!;
    const time = words.size(1);
    const { device } = words;
    let rows: Tensor;
    if (positionIds) rows = positionIds.add(offset);
    else if (documentStarts) {
      const first = afterPadding === undefined ? offset : afterPadding + 1;
      rows = positionsInDocuments(documentStarts).add(first);
      if (first + time > count + offset) checkLength(rows.amax().item() + 1, count + offset, time);
    } else if (afterPadding !== undefined && inputIds) {
      const counts = inputIds.ne(afterPadding).to('int64');
      rows = counts.cumsum(1).add(past).mul(counts).add(afterPadding);
      // Padding takes no room, so a text may be longer than there are vectors.
      const isLong = afterPadding + past + time >= count;
      if (isLong) checkLength(rows.amax().item() + 1, count, time);
    } else {
      const first = past + (afterPadding === undefined ? offset : afterPadding + 1);
      checkLength(first + time, count + offset, time);
      rows = arange(first, first + time, { dtype: 'int64', device }).unsqueeze(0);
    }
    if (this.positions) return this.positions.forward(rows);
    this.#sinusoids ??= keep(sinusoidalTable(count + offset, this.options.dim));
    const table = this.#sinusoids.to({ dtype: words.dtype, device });
    return table.indexSelect(0, rows.flatten()).view([...rows.shape, this.options.dim]);
  }

  override dispose(): void {
    dispose(this.#sinusoids);
    super.dispose();
  }
}

/** int64 [batch, time]: how far each position is from the start of its document. */
export const positionsInDocuments = (documentStarts: Tensor): Tensor =>
  arange(0, documentStarts.size(1), { dtype: 'int64', device: documentStarts.device }).sub(documentStarts);

function checkLength(needed: number, available: number, time: number): void {
  if (needed > available) {
    const room = available - (needed - time);
    throw new RangeError(
      `${time} tokens do not fit: the model has vectors for ${room} ${room < available ? 'more ' : ''}positions`,
    );
  }
}
