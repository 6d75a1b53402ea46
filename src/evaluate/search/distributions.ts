/** What a parameter of a search may be: numbers of a range, on a grid or in the logarithm, or one of some choices. As Optuna 5 has them. */
import { usageError } from '../../support/errors.ts';

export interface NumberDistribution {
  kind: 'float' | 'int';
  low: number;
  high: number;
  /** Equal in the logarithm. Default false. */
  log?: boolean;
  /** Between neighbours; 1 for whole numbers. */
  step?: number;
}

export interface ChoiceDistribution {
  kind: 'choice';
  choices: readonly unknown[];
}

export type Distribution = NumberDistribution | ChoiceDistribution;

/**
 * Complete: whole numbers have a step, and `high` is the last value that steps reach.
 *
 * @param where what it is of, for errors
 * @throws UserError for a range that is none
 */
export function distributionOf(given: Distribution, where: string): Distribution {
  if (given.kind === 'choice') {
    if (given.choices.length > 0) return given;
    throw usageError('TSLM_BAD_SPACE', `${where}: there are no choices`, 'give at least one');
  }
  const { kind, low, high, log = false } = given;
  const step = given.step ?? (kind === 'int' ? 1 : undefined);
  const refuse = (what: string, hint: string): never => {
    throw usageError('TSLM_BAD_SPACE', `${where}: ${what}`, hint);
  };
  if (!(low <= high)) refuse(`from ${low} to ${high} there is nothing`, '`low` is to be at most `high`');
  if (step !== undefined && !(step > 0)) refuse(`a step of ${step}`, '`step` is to be above 0');
  if (log && (kind === 'int' ? low < 1 : low <= 0)) {
    refuse(
      `${low} has no logarithm to begin with`,
      `\`low\` is to be ${kind === 'int' ? '1 or more' : 'above 0'} with \`log\``,
    );
  }
  if (log && step !== undefined && !(kind === 'int' && step === 1))
    refuse('`step` beside `log`', 'leave one of them out');
  if (step === undefined) return { kind, low, high, log };
  return { kind, low, high: onGrid(low, step, Math.floor((high - low) / step + 1e-9)), log, step };
}

/** Of sums such as 0.1 + 0.2 no more digits than were given. */
const onGrid = (low: number, step: number, steps: number): number => Number((low + steps * step).toPrecision(12));

/** Whether there is but one value. */
export const isSingle = (of: Distribution): boolean =>
  of.kind === 'choice' ? of.choices.length === 1 : of.low === of.high;

export function contains(of: Distribution, value: unknown): boolean {
  if (of.kind === 'choice') return indexOf(of, value) >= 0;
  if (typeof value !== 'number' || value < of.low || value > of.high) return false;
  if (of.step === undefined) return true;
  const steps = (value - of.low) / of.step;
  return Math.abs(steps - Math.round(steps)) < 1e-8;
}

/** The number of a choice, -1 where it is none. */
export const indexOf = ({ choices }: ChoiceDistribution, value: unknown): number =>
  choices.findIndex(choice => choice === value || JSON.stringify(choice) === JSON.stringify(value));

/** All values in order; undefined where they cannot be counted. */
export function gridOf(of: Distribution): unknown[] | undefined {
  if (of.kind === 'choice') return [...of.choices];
  if (of.low === of.high) return [of.low];
  const { low, high, step } = of;
  if (step === undefined) return undefined;
  return Array.from({ length: Math.round((high - low) / step) + 1 }, (_, i) => onGrid(low, step, i));
}

/** Where numbers are drawn: half a step beyond either end of a grid, in the logarithm where that is asked for. */
export function boundsOf({ low, high, step, log }: NumberDistribution): readonly [low: number, high: number] {
  const half = (step ?? 0) / 2;
  return log ? [Math.log(low - half), Math.log(high + half)] : [low - half, high + half];
}

/** The value at a place between the bounds, on the grid where there is one. */
export function valueAt(of: NumberDistribution, place: number): number {
  const { kind, low, high, step, log } = of;
  const value = log ? Math.exp(place) : place;
  if (step === undefined) return Math.min(high, Math.max(low, value));
  const last = Math.round((high - low) / step);
  const round = kind === 'int' ? Math.round : roundHalfToEven;
  return onGrid(low, step, Math.min(last, Math.max(0, round((value - low) / step))));
}

/** Of a number between 0 and 1. */
export function fromUnit(of: Distribution, unit: number): unknown {
  if (of.kind === 'choice') return of.choices[Math.min(of.choices.length - 1, Math.floor(unit * of.choices.length))];
  const [low, high] = boundsOf(of);
  return valueAt(of, low + unit * (high - low));
}

function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (Math.abs(rest - 0.5) > 1e-12) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
