/**
 * What generation needs of a model: sequences in a batch that grow by a token a step. How a model remembers what it has
 * seen, and where its prompt goes, stays behind this interface.
 */
import { usageError } from '../../support/errors.ts';
import { type Device, int64Tensor, type Tensor } from '../../torch/index.ts';

/** One batch of sequences growing step by step, whatever the architecture. */
export interface Session extends Disposable {
  /**
   * Feeds tokens that the model has not seen and gives the logits of the next one. Rows of the first call may differ in
   * length; afterwards every row gets as many tokens.
   *
   * @returns one Float32Array [vocab] a row; the caller may change them
   */
  step(input: readonly ArrayLike<number>[]): Float32Array[];
  /** Keeps these rows of the batch, in that order, repeats allowed: finished rows leave, beams change places. */
  selectRows(rows: readonly number[]): void;
}

/** A session of a model with a key–value cache: it shows more than the next token's logits, and takes tokens back. */
export interface CachedSession extends Session {
  /** `step` with the logits after each of the last tokens fed, and with the hidden states. */
  read(input: readonly ArrayLike<number>[], options?: ReadOptions): Reading;
  /** Takes back all but the first positions of every row, padding included. */
  truncate(length: number): void;
}

export interface ReadOptions {
  /** Default 1: after the last token only. */
  logitsToKeep?: number;
  /** Default false. */
  hiddenStates?: boolean;
}

export interface Reading {
  /** [batch][logitsToKeep], each [vocab]; the caller may change them */
  logits: Float32Array[][];
  /** The backbone's last hidden state of each token fed, padding left out: [batch][time], each [hidden]. */
  hiddenStates?: Float32Array[][];
}

/**
 * @param need what asks for a cache
 * @param options what to leave out where the model keeps none
 * @throws UserError where it keeps none
 */
export function requireCache(session: Session, need: string, options: string): asserts session is CachedSession {
  if (isCached(session)) return;
  throw usageError('TSLM_NO_CACHE', `${need}, and this model keeps none`, `leave out ${options}`);
}

export const isCached = (session: Session): session is CachedSession => 'truncate' in session;

/** Reads tokens one after the other. */
export function readOneByOne(
  read: CachedSession['read'],
  input: readonly ArrayLike<number>[],
  { logitsToKeep = 1, hiddenStates = false }: ReadOptions = {},
): Reading {
  const readings = Array.from({ length: input[0].length }, (_, t) =>
    read(
      input.map(row => [row[t]]),
      { hiddenStates },
    ),
  );
  const kept = readings.slice(-logitsToKeep);
  return {
    logits: input.map((_, row) => kept.flatMap(({ logits }) => logits[row])),
    ...(hiddenStates && {
      hiddenStates: input.map((_, row) => readings.flatMap(reading => reading.hiddenStates![row])),
    }),
  };
}

/** int64 of this shape. */
export const int64 = (values: ArrayLike<number>, shape: readonly number[], device: Device): Tensor =>
  int64Tensor(values, shape, { device });

export const repeat = (value: number, count: number): number[] => new Array<number>(count).fill(value);

/** Rows of a batch made as long as the longest, `value` in front or behind. */
export function padRows(rows: readonly ArrayLike<number>[], side: 'left' | 'right', value: number): number[][] {
  const longest = Math.max(...rows.map(row => row.length));
  return rows.map(row => {
    const padding = repeat(value, longest - row.length);
    return side === 'left' ? [...padding, ...Array.from(row)] : [...Array.from(row), ...padding];
  });
}

/** 1 for each token, 0 where `padRows` puts padding; where a mask is given, that. */
export const padMask = (
  rows: readonly ArrayLike<number>[],
  side: 'left' | 'right',
  mask: readonly ArrayLike<number>[] = rows.map(row => repeat(1, row.length)),
): number[][] => padRows(mask, side, 0);

/** [batch, time, dim] on any device → [batch][time], each a Float32Array [dim]. */
export function vectorsOf(x: Tensor): Float32Array[][] {
  const [batch, time, dim] = x.shape;
  const all = new Float32Array(batch * time * dim);
  x.to('float32').copyTo(all);
  return Array.from({ length: batch }, (_, row) =>
    Array.from({ length: time }, (_, t) => all.subarray((row * time + t) * dim, (row * time + t + 1) * dim)),
  );
}
