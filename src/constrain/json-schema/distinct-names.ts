/**
 * Members whose names are sure to differ though none is listed: each begins with a letter or digit of its own, in the order
 * of the alphabet. That is one way to write them, and an automaton need not remember the names.
 */
import { charactersOf } from '../automata/code-points.ts';
import { type Dfa, dfaOf, subtract } from '../automata/dfa.ts';
import { characters, choice, type Expression, many, NOTHING, sequence } from '../automata/expression.ts';
import { memo } from '../memo.ts';
import { STRING_CHARACTER } from './json-text.ts';

const ALPHABET = [...'0123456789abcdefghijklmnopqrstuvwxyz'];

/** Members that can be told apart: by these, and one that begins otherwise. */
export const MOST_DISTINCT = ALPHABET.length + 1;

let known: Dfa[] | undefined;

/** The names of each beginning, as they are written inside quotes; no name has two of them. */
function beginnings(): readonly Dfa[] {
  if (known) return known;
  const anyName = many(STRING_CHARACTER);
  const withOne = (chars: string): Dfa => dfaOf(sequence(characters(charactersOf(chars)), anyName));
  const all = ALPHABET.join('') + ALPHABET.join('').slice(10).toUpperCase();
  known = [
    ...ALPHABET.map(char => withOne(char === char.toUpperCase() ? char : char + char.toUpperCase())),
    subtract(dfaOf(anyName), withOne(all)),
  ];
  return known;
}

export interface DistinctMembers {
  memberOf(beginning: Dfa): Expression;
  /** What may come after them. */
  others: Expression;
  isFirst: boolean;
  comma: Expression;
  share(name: string, create: () => Expression): Expression;
  path: string;
}

export function distinctMembers(
  count: number,
  { memberOf, others, isFirst, comma, share, path }: DistinctMembers,
): Expression {
  const all = beginnings();
  const members = new Map<number, Expression>();
  const tails = new Map<string, Expression>();
  /** `left` members that begin with the i-th letter or a later one. */
  const from = (i: number, left: number): Expression => {
    if (left === 0) return others;
    if (all.length - i < left) return NOTHING;
    return memo(tails, `${i}:${left}`, () => {
      const member = memo(members, i, () => share(`${path}{${ALPHABET[i] ?? '…'}}`, () => memberOf(all[i])));
      const here = sequence(...(isFirst && left === count ? [] : [comma]), member, from(i + 1, left - 1));
      return share(`${path}{${ALPHABET[i] ?? '…'}…}`, () => choice(here, from(i + 1, left)));
    });
  };
  return from(0, count);
}
