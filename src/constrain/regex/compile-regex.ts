/** Regular expressions as constraints. */

import { type Constraint, constraintOf } from '../constraint.ts';
import type { Grammar } from '../grammar/grammar.ts';
import type { Vocabulary } from '../vocabulary/vocabulary-data.ts';
import { wholeMatch } from './anchors.ts';
import { parsePattern } from './parse.ts';

/**
 * Texts that match the pattern from beginning to end. The syntax is ECMAScript's with the flag `u`: classes, `\p{…}`,
 * groups, alternatives, counted repetitions. What looks around or back is refused by name.
 *
 * @throws UserError when the pattern is malformed, not regular, or matches no text
 */
export const compileRegex = (pattern: string, vocabulary: Vocabulary): Constraint =>
  constraintOf(regexGrammar(pattern), vocabulary);

export const regexGrammar = (pattern: string): Grammar => ({
  rules: new Map([['root', wholeMatch(parsePattern(pattern))]]),
  root: 'root',
  where: `the pattern /${pattern.slice(0, 60)}/`,
});
