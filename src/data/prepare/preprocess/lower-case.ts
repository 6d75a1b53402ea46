/** Preprocessing: lower case. */
import type { Changed } from './changed.ts';

const CHANGES = /\p{Changes_When_Lowercased}/gu;

/** By Unicode's rules, without regard to a language: İ of Turkish becomes i with a dot above it. */
export const lowerCase = (text: string): Changed => ({
  text: text.toLowerCase(),
  characters: text.match(CHANGES)?.length ?? 0,
});
