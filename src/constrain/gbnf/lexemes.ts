/**
 * The rules of a grammar that are small and regular, taken together: `string`, `number`, white space. A terminal that
 * tokens stay inside of is quick, and one that is referred to from many places is known after the first.
 */
import { type Expression, mapParts, partsOf, sizeOf } from '../automata/expression.ts';
import type { Grammar } from '../grammar/grammar.ts';

/** Larger ones stay rules, so that what they share stays shared. */
const LARGEST = 2000;

/** The grammar in which rules that lead to no recursion, and are small, are written out. */
export function withLexemes(grammar: Grammar): Grammar {
  const { rules } = grammar;
  /** Undefined: no lexeme, or being looked at. */
  const lexemes = new Map<string, Expression | undefined>();
  const order: string[] = [];

  // What a rule refers to comes before it; explicit, since chains of rules may be long.
  const state = new Map<string, 'open' | 'done'>();
  for (const root of rules.keys()) {
    const work = [root];
    while (work.length > 0) {
      const name = work[work.length - 1];
      if (!state.has(name)) {
        state.set(name, 'open');
        for (const next of referencesOf(rules.get(name)!)) if (!state.has(next)) work.push(next);
        continue;
      }
      work.pop();
      if (state.get(name) === 'done') continue;
      state.set(name, 'done');
      order.push(name);
    }
  }
  for (const name of order) {
    const expression = rules.get(name)!;
    if (![...referencesOf(expression)].every(next => lexemes.get(next))) continue;
    const written = substitute(expression, next => lexemes.get(next)!);
    if (sizeOf(written) <= LARGEST) lexemes.set(name, written);
  }
  return {
    ...grammar,
    rules: new Map([...rules].map(([name, expression]) => [name, lexemes.get(name) ?? expression])),
  };
}

function referencesOf(expression: Expression): Set<string> {
  const found = new Set<string>();
  const work = [expression];
  for (let part = work.pop(); part; part = work.pop()) {
    if (part.kind === 'rule') found.add(part.name);
    else work.push(...partsOf(part));
  }
  return found;
}

const substitute = (expression: Expression, lexeme: (name: string) => Expression): Expression =>
  expression.kind === 'rule' ? lexeme(expression.name) : mapParts(expression, part => substitute(part, lexeme));
