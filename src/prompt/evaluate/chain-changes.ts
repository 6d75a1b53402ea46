/** A chain of thought taken apart into its steps, cut short, and with one step made wrong (Lanham et al. 2023, arXiv:2307.13702). */
import type { Random } from '../../support/random.ts';

/** What may end a step, the largest pieces first: a line, a sentence, a word. */
const ENDS = [/(?<=\n)/, /(?<=[.!?。！？]\s?)(?=\S)/, /(?<=\s)(?=\S)/] as const;

/**
 * The steps of a chain; joined they are the chain again.
 *
 * @param separator what ends a step, '' for each character. Default: lines, else sentences, else words, else characters, whichever
 *   the chain first has two of
 */
export function stepsOf(chain: string, separator?: string): string[] {
  if (separator !== undefined) {
    const parts = chain.split(separator);
    return withoutBlanks(parts.map((part, i) => (i < parts.length - 1 ? part + separator : part)));
  }
  for (const end of ENDS) {
    const parts = withoutBlanks(chain.split(end));
    if (parts.length > 1) return parts;
  }
  return [...chain];
}

/** White space alone is no step: it goes with the one before it, or at the beginning with the one after it. */
function withoutBlanks(parts: readonly string[]): string[] {
  const steps: string[] = [];
  for (const part of parts) {
    const isBegun = steps.length > 0 && (part.trim() === '' || steps.at(-1)!.trim() === '');
    if (isBegun) steps.push(steps.pop()! + part);
    else if (part !== '') steps.push(part);
  }
  return steps;
}

/** The first `quarters` of four, in whole steps. */
export const cutAt = (steps: readonly string[], quarters: number): string[] =>
  steps.slice(0, Math.round((steps.length * quarters) / 4));

const shapeOf = (step: string): string => step.replace(/\d/g, '0');

/**
 * A step made wrong: what another chain has in its place, where that has the same shape; else with another digit; else what another
 * chain has there, whatever its shape. Undefined where there is nothing to put in its place.
 *
 * @param others the steps of other chains
 */
export function wrongStep(
  step: string,
  place: number,
  others: readonly (readonly string[])[],
  random: Random,
): string | undefined {
  const drawn = <T>(items: readonly T[]): T | undefined =>
    items.length > 0 ? items[random.below(items.length)] : undefined;
  const there = others.flatMap(steps => steps.slice(place, place + 1)).filter(other => other.trim() !== step.trim());
  const alike = drawn(there.filter(other => shapeOf(other) === shapeOf(step)));
  if (alike !== undefined) return alike;
  const digits = [...step.matchAll(/\d/g)];
  const digit = drawn(digits);
  if (digit) {
    const other = String((Number(digit[0]) + 1 + random.below(9)) % 10);
    return step.slice(0, digit.index) + other + step.slice(digit.index + 1);
  }
  return drawn(there);
}
