/** A grammar as plain data: its terminals as automata, its rules as numbers. It crosses between threads as it is. */
import { createHash } from 'node:crypto';
import { CountedDfa, countedData } from '../automata/counted-dfa.ts';
import { ExceptDfa } from '../automata/except-dfa.ts';
import type { TableDfa } from '../automata/table-dfa.ts';
import type { Terminal } from '../automata/terminal.ts';
import { arraysOf, type TerminalData, terminalOf } from '../automata/terminal-data.ts';
import type { Rule, Sym } from './productions.ts';

export interface Program {
  /** How errors call the grammar. */
  where: string;
  terminals: TerminalData[];
  /** The same terminals have the same key in every program. */
  keys: string[];
  /** For each rule, the root first: its first production, its rank, 1 where it may be empty and 2 where items must differ. */
  rules: Int32Array;
  /** Where the symbols of each production begin. */
  productions: Int32Array;
  /** For each symbol: its terminal, or −1; its rule, or −1; how often at least and at most, −1 for ever; may it be empty. */
  symbols: Int32Array;
  /** About what it takes once it is loaded. */
  bytes: number;
}

const RULE = 3;
const SYMBOL = 5;

/** @param root of productions whose terminals are numbers of the list */
export function programOf(root: Rule<number>, terminals: readonly TerminalData[], where: string): Program {
  const all = reachable(root);
  const ids = new Map([...all].map((rule, id) => [rule, id]));
  const rules: number[] = [];
  const productions: number[] = [];
  const symbols: number[] = [];
  for (const rule of all) {
    rules.push(productions.length, rule.rank, Number(rule.isNullable) + 2 * Number(rule.isUnique));
    for (const production of rule.productions) {
      productions.push(symbols.length / SYMBOL);
      for (const { terminal = -1, rule: target, min, max, isNullable } of production) {
        const most = max === Number.POSITIVE_INFINITY ? -1 : max;
        symbols.push(terminal, target ? ids.get(target)! : -1, min, most, Number(isNullable));
      }
    }
  }
  productions.push(symbols.length / SYMBOL);
  rules.push(productions.length - 1, 0, 0);
  const program = {
    where,
    terminals: [...terminals],
    keys: terminals.map(keyOf),
    rules: Int32Array.from(rules),
    productions: Int32Array.from(productions),
    symbols: Int32Array.from(symbols),
    bytes: 0,
  };
  // A rule, a production and a symbol are objects once it is loaded.
  const buffers = buffersOf(program).reduce((sum, { byteLength }) => sum + byteLength, 0);
  return { ...program, bytes: buffers + 20 * program.symbols.length };
}

function reachable(root: Rule<number>): Set<Rule<number>> {
  const found = new Set([root]);
  for (const { productions } of found) for (const { rule } of productions.flat()) if (rule) found.add(rule);
  return found;
}

function keyOf(data: TerminalData): string {
  const numbers =
    data.kind === 'nfa'
      ? [data.nfa.start, data.nfa.end]
      : data.kind === 'counted'
        ? [data.counted.min, data.counted.max]
        : [];
  const arrays = arraysOf(data);
  const head = Buffer.from(`${data.kind} ${[...numbers, ...arrays.map(({ length }) => length)].join()}`);
  const bytes = arrays.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength));
  return createHash('sha1')
    .update(Buffer.concat([head, ...bytes]))
    .digest('base64');
}

/** The buffers of a program, for a message that moves them. */
export const buffersOf = ({ terminals, rules, productions, symbols }: Program): ArrayBuffer[] => [
  ...new Set([rules, productions, symbols, ...terminals.flatMap(arraysOf)].map(({ buffer }) => buffer as ArrayBuffer)),
];

/** Terminals by their keys, as long as something uses them: what is known of them is shared by all programs. */
export type SharedTerminals = Map<string, WeakRef<Terminal>>;

/** Keys of unreachable terminals are removed once this many new ones have been added. */
const SWEPT_EVERY = 2000;

function sweep(shared: SharedTerminals): void {
  for (const [key, reference] of shared) if (!reference.deref()) shared.delete(key);
}

export function loadProgram(program: Program, shared: SharedTerminals): Rule<Terminal> {
  const { rules, productions, symbols } = program;
  const share = (key: string, create: () => Terminal): Terminal => {
    const known = shared.get(key)?.deref();
    if (known) return known;
    const made = create();
    shared.set(key, new WeakRef(made));
    if (shared.size % SWEPT_EVERY === 0) sweep(shared);
    return made;
  };
  const create = (data: TerminalData): Terminal => {
    if (data.kind === 'counted') return counted(data, share);
    if (data.kind !== 'except') return terminalOf(data);
    const strings: TerminalData = { kind: 'table', dfa: data.except.strings };
    return new ExceptDfa(data.except, share(keyOf(strings), () => terminalOf(strings)) as TableDfa);
  };
  const terminals = program.terminals.map((data, i) => share(program.keys[i], () => create(data)));
  const all = Array.from(
    { length: rules.length / RULE - 1 },
    (_, r): Rule<Terminal> => ({
      name: '',
      productions: [],
      rank: rules[r * RULE + 1],
      isNullable: (rules[r * RULE + 2] & 1) === 1,
      isUnique: (rules[r * RULE + 2] & 2) === 2,
    }),
  );
  for (const [r, rule] of all.entries()) {
    for (let p = rules[r * RULE]; p < rules[(r + 1) * RULE]; p++) {
      const production: Sym<Terminal>[] = [];
      for (let s = productions[p] * SYMBOL; s < productions[p + 1] * SYMBOL; s += SYMBOL) {
        production.push({
          terminal: symbols[s] >= 0 ? terminals[symbols[s]] : undefined,
          rule: symbols[s] >= 0 ? undefined : all[symbols[s + 1]],
          min: symbols[s + 2],
          max: symbols[s + 3] < 0 ? Number.POSITIVE_INFINITY : symbols[s + 3],
          isNullable: symbols[s + 4] === 1,
        });
      }
      rule.productions.push(production);
    }
  }
  return all[0];
}

/** Strings of any lengths share what is known of the same strings without limits. */
function counted(
  { counted: { dfa, ...limits } }: Extract<TerminalData, { kind: 'counted' }>,
  share: (key: string, create: () => Terminal) => Terminal,
): Terminal {
  const unlimited: TerminalData = { kind: 'counted', counted: countedData(dfa, 0, Number.POSITIVE_INFINITY) };
  const free = share(keyOf(unlimited), () => new CountedDfa(unlimited.counted)) as CountedDfa;
  return new CountedDfa({ dfa, ...limits }, free);
}
