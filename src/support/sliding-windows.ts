/** A long sequence in windows that overlap: each place is new in one of them, and most have others before them there. */
import { usageError } from './errors.ts';

export interface Window {
  begin: number;
  end: number;
  /** The first place that no window before it has. */
  fresh: number;
}

export interface WindowOptions {
  /** Most places of a window. */
  size: number;
  /** Places that are new in each window after the first. */
  step: number;
  /** Places of the first window. Default `size`. */
  first?: number;
  /** The last window reaches back until it is full; default: it shares as many places as the others. */
  fillsLast?: boolean;
}

/** In order, from the beginning of `length` places to their end. */
export function slidingWindows(
  length: number,
  { size, step, first = size, fillsLast = false }: WindowOptions,
): Window[] {
  const windows: Window[] = [];
  for (let fresh = 0; fresh < length; ) {
    const wanted = fresh === 0 ? first : fresh + step;
    const end = Math.min(length, wanted);
    windows.push({ begin: Math.max(0, (fillsLast ? end : wanted) - size), end, fresh });
    fresh = end;
  }
  return windows;
}

/**
 * Tokens that a window over a text moves on when each is to be predicted once: as asked for, or half the context.
 *
 * @throws UserError when tokens would be left out
 */
export function strideOver(context: number, stride: number = Math.max(1, Math.floor(context / 2))): number {
  if (stride >= 1 && stride <= context) return stride;
  throw usageError(
    'TSLM_STRIDE',
    `a stride of ${stride} would leave tokens out`,
    `use a stride between 1 and the context of ${context}`,
  );
}
