/** Grammars in GBNF as constraints. */
import { type Constraint, constraintOf } from '../constraint.ts';
import type { Grammar } from '../grammar/grammar.ts';
import type { Vocabulary } from '../vocabulary/vocabulary-data.ts';
import { withLexemes } from './lexemes.ts';
import { parseGbnf } from './parse.ts';

/**
 * Texts that follow the rule `root` of a grammar in llama.cpp's notation. Any recursion is allowed but at the beginning of
 * a rule, as in llama.cpp.
 *
 * @throws UserError when the grammar is malformed, left-recursive, or allows no text
 */
export const compileGbnf = (grammar: string, vocabulary: Vocabulary): Constraint =>
  constraintOf(gbnfGrammar(grammar), vocabulary);

export const gbnfGrammar = (grammar: string): Grammar => withLexemes(parseGbnf(grammar));
