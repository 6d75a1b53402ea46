/**
 * A grammar as productions over terminals and rules. What is regular and of moderate size becomes one terminal with an
 * automaton of its own; what remains is context-free, or counts too far to be written out.
 */
import { UserError } from '../../support/errors.ts';
import { type Expression, isRegular, sizeOf } from '../automata/expression.ts';
import type { Terminal } from '../automata/terminal.ts';
import { memo } from '../memo.ts';
import type { Grammar } from './grammar.ts';

/** Larger expressions are taken apart, so that counts are counted rather than written out. */
const LARGEST_TERMINAL = 20_000;
/** A grammar of more parts than that is a mistake, or an attack. */
export const MOST_SYMBOLS = 100_000;

/** A terminal or a rule, `min` to `max` times. */
export interface Sym<T = Terminal> {
  terminal?: T;
  rule?: Rule<T>;
  min: number;
  max: number;
  isNullable: boolean;
}

export interface Rule<T = Terminal> {
  name: string;
  productions: Sym<T>[][];
  isNullable: boolean;
  /** The items of an array which must all differ. */
  isUnique: boolean;
  /** Rules that it can begin with have larger ranks. */
  rank: number;
}

/** A terminal by its number in a list. */
export interface Numbered {
  id: number;
  isEmpty: boolean;
  isNullable: boolean;
}

type NumberedRule = Rule<number>;

/**
 * @param terminalOf the terminal of a regular expression
 * @returns the root's rule without productions that nothing matches; none are left where no text matches
 * @throws UserError when a rule is left-recursive, or the grammar is too large
 */
export function productionsOf(
  { rules, root, where }: Grammar,
  terminalOf: (regular: Expression) => Numbered,
): NumberedRule {
  const byName = new Map<string, NumberedRule>();
  const all: NumberedRule[] = [];
  const pending: [NumberedRule, Expression][] = [];
  const empty = new Set<number>();
  let symbols = 0;

  const create = (name: string, expression: Expression): NumberedRule => {
    const rule: NumberedRule = { name, productions: [], isNullable: false, isUnique: false, rank: 0 };
    all.push(rule);
    pending.push([rule, expression]);
    return rule;
  };
  const isTerminal = (part: Expression): boolean => isRegular(part) && sizeOf(part) <= LARGEST_TERMINAL;
  const isIndivisible = (part: Expression): boolean =>
    ['characters', 'automaton', 'texts', 'counted', 'except'].includes(part.kind);
  const terminal = (part: Expression): Sym<number> => {
    const { id, isEmpty, isNullable } = terminalOf(part);
    if (isEmpty) empty.add(id);
    return { terminal: id, min: 1, max: 1, isNullable };
  };
  const symbolOf = (part: Expression, owner: string): Sym<number> => {
    if (++symbols > MOST_SYMBOLS) {
      throw new UserError('TSLM_CONSTRAINT_TOO_LARGE', `${where}: more than ${MOST_SYMBOLS} parts`, {
        hint: 'describe less, or share parts between rules',
      });
    }
    if (isTerminal(part) || isIndivisible(part)) return terminal(part);
    if (part.kind === 'repeat') return { ...symbolOf(part.body, owner), min: part.min, max: part.max };
    if (part.kind === 'unique') {
      const rule = create(owner, part.body);
      rule.isUnique = true;
      return { rule, min: 1, max: 1, isNullable: false };
    }
    if (part.kind !== 'rule') return { rule: create(owner, part), min: 1, max: 1, isNullable: false };
    const body = rules.get(part.name)!;
    if (isTerminal(body)) return terminal(body);
    const rule = memo(byName, part.name, () => create(part.name, body));
    return { rule, min: 1, max: 1, isNullable: false };
  };
  /** Nested repetitions keep a rule of their own. */
  const symbol = (part: Expression, owner: string): Sym<number> =>
    part.kind === 'repeat' && part.body.kind === 'repeat' && !isTerminal(part)
      ? { rule: create(owner, part.body), min: part.min, max: part.max, isNullable: false }
      : symbolOf(part, owner);

  const start = create(root, { kind: 'rule', name: root });
  for (let next = pending.pop(); next; next = pending.pop()) {
    const [rule, expression] = next;
    const options =
      expression.kind === 'choice' && !isTerminal(expression)
        ? gathered(expression.options, isTerminal, choiceOf)
        : [expression];
    for (const option of options) {
      const parts =
        option.kind === 'sequence' && !isTerminal(option) ? gathered(option.parts, isTerminal, sequenceOf) : [option];
      rule.productions.push(parts.map(part => symbol(part, rule.name)));
    }
  }
  // Rules come before those that they refer to, and depend on them: the last are decided first.
  prune([...all].reverse(), empty);
  findNullable([...all].reverse());
  rank(all, where);
  return start;
}

const choiceOf = (options: Expression[]): Expression => ({ kind: 'choice', options });
const sequenceOf = (parts: Expression[]): Expression => ({ kind: 'sequence', parts });

/** Neighbours that are terminals become one, as long as it stays one. */
function gathered(
  parts: readonly Expression[],
  isTerminal: (part: Expression) => boolean,
  join: (parts: Expression[]) => Expression,
): Expression[] {
  const out: Expression[] = [];
  let run: Expression[] = [];
  const flush = (): void => {
    if (run.length > 0) out.push(run.length === 1 ? run[0] : join(run));
    run = [];
  };
  let size = 0;
  for (const part of parts) {
    if (!isTerminal(part)) {
      flush();
      out.push(part);
      continue;
    }
    if (run.length > 0 && size + sizeOf(part) > LARGEST_TERMINAL / 2) flush();
    size = (run.length > 0 ? size : 0) + sizeOf(part);
    run.push(part);
  }
  flush();
  return out;
}

/** Removes productions that no text matches: they would lead where nothing can end. */
function prune(all: readonly NumberedRule[], empty: ReadonlySet<number>): void {
  const productive = new Set<NumberedRule>();
  const isProductive = ({ terminal, rule }: Sym<number>): boolean =>
    terminal === undefined ? productive.has(rule!) : !empty.has(terminal);
  for (let grew = true; grew; ) {
    grew = false;
    for (const rule of all) {
      if (productive.has(rule)) continue;
      if (!rule.productions.some(symbols => symbols.every(symbol => symbol.min === 0 || isProductive(symbol))))
        continue;
      productive.add(rule);
      grew = true;
    }
  }
  for (const rule of all) {
    rule.productions = rule.productions
      .map(symbols => symbols.filter(symbol => symbol.min > 0 || isProductive(symbol)))
      .filter(symbols => symbols.every(isProductive));
  }
}

/** What may be empty may also be left out of a counted repetition. */
function findNullable(all: readonly NumberedRule[]): void {
  for (let grew = true; grew; ) {
    grew = false;
    for (const rule of all) {
      for (const symbols of rule.productions) {
        let isEmptied = true;
        for (const symbol of symbols) {
          if (!symbol.isNullable && (symbol.min === 0 || symbol.rule?.isNullable)) symbol.isNullable = true;
          if (symbol.isNullable) symbol.min = 0;
          else isEmptied = false;
        }
        if (!isEmptied || rule.isNullable) continue;
        rule.isNullable = true;
        grew = true;
      }
    }
  }
}

/** The rules that a rule can begin with. */
const beginnings = ({ productions }: NumberedRule): NumberedRule[] =>
  productions.flatMap(symbols => {
    const first = symbols.findIndex(({ isNullable }) => !isNullable);
    return symbols.slice(0, first < 0 ? symbols.length : first + 1).flatMap(({ rule }) => rule ?? []);
  });

/** Orders rules so that each comes before those that it can begin with. */
function rank(all: readonly NumberedRule[], where: string): void {
  const done = new Set<NumberedRule>();
  const open = new Set<NumberedRule>();
  let next = all.length;
  for (const root of all) {
    if (done.has(root)) continue;
    const path: { rule: NumberedRule; rest: NumberedRule[] }[] = [{ rule: root, rest: beginnings(root) }];
    open.add(root);
    while (path.length > 0) {
      const { rule, rest } = path[path.length - 1];
      const child = rest.pop();
      if (!child) {
        path.pop();
        open.delete(rule);
        done.add(rule);
        rule.rank = next--;
      } else if (open.has(child)) {
        const names = path.slice(path.findIndex(step => step.rule === child)).map(step => step.rule.name);
        throw leftRecursion(where, [...names, child.name]);
      } else if (!done.has(child)) {
        open.add(child);
        path.push({ rule: child, rest: beginnings(child) });
      }
    }
  }
}

function leftRecursion(where: string, names: string[]): UserError {
  const chain = names.filter((name, i) => i === 0 || name !== names[i - 1]);
  const shown = chain.length === 1 ? [chain[0], chain[0]] : chain;
  return new UserError('TSLM_LEFT_RECURSION', `${where}: left recursion: ${shown.slice(0, 8).join(' → ')}`, {
    hint: 'write `list ::= item ("," item)*` rather than `list ::= list "," item | item`',
    exitCode: 2,
  });
}

/** Whether any text matches. */
export const matchesAnything = (rule: Rule<unknown>): boolean => rule.productions.length > 0;
