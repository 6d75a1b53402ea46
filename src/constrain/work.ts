/**
 * Work that constraints cost, counted in steps of about the same length (some tens of nanoseconds), so that it can be cut
 * into slices without a clock.
 */
let spent = 0;

export const spend = (steps: number): void => {
  spent += steps;
};

/** All steps of this thread so far. */
export const spentSoFar = (): number => spent;
