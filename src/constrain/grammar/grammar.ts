/** Context-free grammars: rules over expressions. */
import type { Expression } from '../automata/expression.ts';

export interface Grammar {
  /** What each rule describes. */
  rules: ReadonlyMap<string, Expression>;
  /** The rule that whole texts follow. */
  root: string;
  /** How errors call it: `the grammar`, `schema.json`. */
  where: string;
}
