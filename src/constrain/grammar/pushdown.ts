/**
 * The pushdown automaton of a grammar, one byte at a time. Of all ways to read a text it remembers where they are at once:
 * states of terminals, each with the set of what may come after it. What comes after is a graph rather than a list of
 * stacks (Tomita 1985), and one node stands for all callers of a rule at one place (Earley 1970), so ambiguity costs
 * little. Equal nodes and equal configurations are the same object, and steps are remembered: a grammar without recursion
 * soon is a table, and one with recursion is one wherever it was before.
 */
import { UserError } from '../../support/errors.ts';
import { DEAD, type Terminal } from '../automata/terminal.ts';
import { memo } from '../memo.ts';
import { spend } from '../work.ts';
import type { Rule, Sym } from './productions.ts';

/** What may come after something: places in productions that go on with it, each with what comes after the production. */
export interface Continuation {
  readonly id: number;
  /** A position, and how often its symbol was repeated before; `END_OF_TEXT` for the end. */
  readonly frames: readonly number[];
  readonly parents: readonly (Continuation | undefined)[];
  /** The configuration in which it is its turn, once that was asked for. */
  configuration?: Configuration | null;
  /** Tokens from there to the end of the text (`distance.ts`), once that was asked for. */
  distance?: number;
}

/** A state of a terminal inside which the text may be. */
export interface Item {
  readonly terminal: Terminal;
  readonly state: number;
  readonly follow: Continuation;
}

/** Where the text may be. */
export interface Configuration {
  readonly id: number;
  readonly items: readonly Item[];
  /** Whether the text may end here. */
  readonly isComplete: boolean;
  /** Whether items begin here which must all differ. */
  readonly opensUnique: boolean;
  /** After each byte, as far as known; null where none may follow. */
  readonly next: (Configuration | null | undefined)[];
  /** Tokens to the nearest end of the text, once that was asked for. */
  distance?: number;
}

export interface Pushdown {
  readonly start: Configuration | null;
  /** A frame is a place of this list, and how often its symbol was repeated before, times the length of the list. */
  readonly positions: readonly Position[];
  /** Whether there are items which must all differ. */
  readonly hasUnique: boolean;
  /** The configuration after a byte, or null. */
  step(from: Configuration, byte: number): Configuration | null;
  /** The configuration in which the continuation follows, without what was before; null where nothing follows. */
  after(follow: Continuation): Configuration | null;
  /** Estimated bytes of what is remembered. */
  readonly bytes: number;
  /** Forgets what was found; states that are held go on. */
  forget(): void;
}

export const END_OF_TEXT = -1;
/** Estimated bytes of remembered configurations and continuations; more are forgotten all at once. */
const MOST_BYTES = 16 * 2 ** 20;
/** About what a configuration with its steps takes, and what each of its items and each place of a continuation do. */
const CONFIGURATION_BYTES = 1500;
const ITEM_BYTES = 150;
/** Terminals that the text may be in at once: a thousand properties may each be next. */
const MOST_ITEMS = 5_000;
/** Counts and places at which one terminal may be at once: more are a mistake in the grammar. */
const MOST_MEMBERS = 1_000;

export interface Position {
  /** Undefined at the end of a production. */
  symbol: Sym | undefined;
  /** Nothing follows in its production, and it is not repeated. */
  isLast: boolean;
}

export function createPushdown(root: Rule, where: string): Pushdown {
  // A whole text is what follows the frame at position 0.
  const whole: Sym = { rule: root, min: 1, max: 1, isNullable: root.isNullable };
  const positions: Position[] = [
    { symbol: whole, isLast: false },
    { symbol: whole, isLast: true },
    { symbol: undefined, isLast: false },
  ];
  const firstOf = new Map<Rule, number[]>();
  for (const rule of reachable(root)) {
    const firsts = rule.productions.map(symbols => {
      const first = positions.length;
      for (const [i, symbol] of symbols.entries()) {
        positions.push({ symbol, isLast: i === symbols.length - 1 && symbol.max === 1 });
      }
      positions.push({ symbol: undefined, isLast: false });
      return first;
    });
    firstOf.set(rule, firsts);
  }
  const width = positions.length;
  const frameOf = (at: number, count: number): number => count * width + at;

  let ids = 0;
  let continuations = new Map<string, Continuation>();
  let configurations = new Map<string, Configuration>();
  const terminals = new Map<Terminal, number>();

  const end: Continuation = { id: ids++, frames: [END_OF_TEXT], parents: [undefined] };
  const before: Continuation = { id: ids++, frames: [frameOf(0, 0)], parents: [end] };

  /** A set of frames with what comes after each, as it grows. */
  type Members = Map<string, [frame: number, parent: Continuation | undefined]>;
  const put = (members: Members, frame: number, parent: Continuation | undefined): void => {
    members.set(`${frame}:${parent?.id}`, [frame, parent]);
    if (members.size > MOST_MEMBERS) throw tooAmbiguous();
  };
  const putAll = (members: Members, follow: Continuation): void => {
    for (const [i, frame] of follow.frames.entries()) put(members, frame, follow.parents[i]);
  };
  const tooAmbiguous = (): UserError =>
    new UserError('TSLM_CONSTRAINT_TOO_LARGE', `${where}: more than ${MOST_MEMBERS} ways to read the text at once`, {
      hint: 'counted repetitions of what overlaps itself are expensive: make one way of reading the only one',
    });
  let bytes = 0;
  const internContinuation = (members: Members): Continuation =>
    memo(continuations, members.size === 1 ? members.keys().next().value! : [...members.keys()].sort().join(), () => {
      const list = [...members.values()];
      bytes += ITEM_BYTES * (1 + list.length);
      return { id: ids++, frames: list.map(([frame]) => frame), parents: list.map(([, parent]) => parent) };
    });

  /** Collects what the text may be in, and makes a configuration of it. */
  const collect = (finished: Iterable<Continuation>, inside: Iterable<Item>): Configuration | null => {
    const items = new Map<string, { terminal: Terminal; state: number; members: Members }>();
    const addItem = (terminal: Terminal, state: number): Members => {
      const key = `${memo(terminals, terminal, () => terminals.size)}.${state}`;
      const item = memo(items, key, () => ({ terminal, state, members: new Map() }));
      if (items.size > MOST_ITEMS) throw tooAmbiguous();
      return item.members;
    };
    const calls = new Map<Rule, Members>();
    let isComplete = false;
    let opensUnique = false;

    /** The text is before the symbol at a position; returns whether the production may end there too. */
    const arrive = (from: number, repeated: number, follow: Continuation, visit: Visit): boolean => {
      let count = repeated;
      for (let at = from; ; at++, count = 0) {
        const { symbol } = positions[at];
        if (!symbol) return true;
        visit(at, count, follow);
        if (!symbol.isNullable && count < symbol.min) return false;
      }
    };
    type Visit = (at: number, count: number, follow: Continuation) => void;
    const visited = new Set<string>();
    const visit: Visit = (at, count, follow) => {
      const key = `${at}:${count}:${follow.id}`;
      if (visited.has(key)) return;
      visited.add(key);
      const { symbol, isLast } = positions[at];
      const { terminal, rule } = symbol!;
      let members: Members | undefined;
      if (terminal) {
        if (!terminal.canContinue(terminal.start)) return;
        members = addItem(terminal, terminal.start);
      } else {
        members = memo(calls, rule!, (): Members => new Map());
      }
      if (isLast) putAll(members, follow);
      else put(members, frameOf(at, count), follow);
    };

    // First all that ends here, as far up as it goes.
    const popped = new Set<Continuation>(finished);
    for (const { frames, parents } of popped) {
      for (const [i, frame] of frames.entries()) {
        if (frame === END_OF_TEXT) {
          isComplete = true;
          continue;
        }
        const parent = parents[i]!;
        const at = frame % width;
        const count = Math.floor(frame / width);
        const { min, max } = positions[at].symbol!;
        const done = max === Number.POSITIVE_INFINITY ? Math.min(count + 1, min) : count + 1;
        let ends = false;
        if (done < max) ends = arrive(at, done, parent, visit);
        else ends = arrive(at + 1, 0, parent, visit);
        if (ends) popped.add(parent);
      }
    }
    // Then all that begins here: callers before what they call, so that the set of callers is whole.
    while (calls.size > 0) {
      let first: Rule | undefined;
      for (const rule of calls.keys()) if (!first || rule.rank < first.rank) first = rule;
      const follow = internContinuation(calls.get(first!)!);
      calls.delete(first!);
      opensUnique ||= first!.isUnique;
      for (const position of firstOf.get(first!)!) arrive(position, 0, follow, visit);
    }
    for (const { terminal, state, follow } of inside) putAll(addItem(terminal, state), follow);
    spend(10 * (items.size + visited.size + popped.size));
    if (items.size === 0 && !isComplete) return null;

    const list = [...items].map(([key, { terminal, state, members }]) => {
      const item: Item = { terminal, state, follow: internContinuation(members) };
      return { key: `${key}:${item.follow.id}`, item };
    });
    const key = `${isComplete} ${opensUnique} ${list
      .map(item => item.key)
      .sort()
      .join()}`;
    const configuration = memo(configurations, key, () => {
      bytes += CONFIGURATION_BYTES + ITEM_BYTES * list.length;
      return { id: ids++, items: list.map(({ item }) => item), isComplete, opensUnique, next: [] };
    });
    if (bytes > MOST_BYTES) forget();
    return configuration;
  };

  /** What is held from outside must not hold the rest: the steps that lead from one to the other go too. */
  const forget = (): void => {
    for (const { next } of configurations.values()) next.length = 0;
    for (const continuation of continuations.values()) continuation.configuration = undefined;
    configurations = new Map();
    continuations = new Map();
    bytes = 0;
  };

  const step = (from: Configuration, byte: number): Configuration | null => {
    const known = from.next[byte];
    if (known !== undefined) return known;
    const finished: Continuation[] = [];
    const inside: Item[] = [];
    for (const { terminal, state, follow } of from.items) {
      const target = terminal.step(state, byte);
      if (target === DEAD) continue;
      if (terminal.isAccepting(target)) finished.push(follow);
      if (terminal.canContinue(target)) inside.push({ terminal, state: target, follow });
    }
    const result = finished.length + inside.length === 0 ? null : collect(finished, inside);
    from.next[byte] = result;
    return result;
  };

  return {
    start: root.productions.length === 0 ? null : collect([before], []),
    positions,
    hasUnique: [...firstOf.keys()].some(rule => rule.isUnique),
    step,
    after(follow) {
      if (follow.configuration === undefined) follow.configuration = collect([follow], []);
      return follow.configuration;
    },
    get bytes() {
      return bytes;
    },
    forget,
  };
}

function reachable(root: Rule): Set<Rule> {
  const found = new Set([root]);
  for (const { productions } of found) for (const { rule } of productions.flat()) if (rule) found.add(rule);
  return found;
}
