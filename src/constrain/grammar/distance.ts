/**
 * How many tokens a text is from its nearest end, at most: the cheapest texts of rules (Knuth 1977, "A generalization of
 * Dijkstra's algorithm") and of what is left of the terminals at hand, over the graph of what comes after.
 */
import type { Terminal } from '../automata/terminal.ts';
import { memo } from '../memo.ts';
import type { Rule, Sym } from './productions.ts';
import { type Configuration, type Continuation, END_OF_TEXT, type Pushdown } from './pushdown.ts';

/** @param costOf tokens from a state of a terminal to a match, at most; infinite where that is not known */
export function createDistance(
  { positions }: Pushdown,
  costOf: (terminal: Terminal, state: number) => number,
): { of(configuration: Configuration): number; after(follow: Continuation): number } {
  let costs: { once: Float64Array; tails: Float64Array } | undefined;
  const width = positions.length;
  const symbolCost = ({ terminal, rule }: Sym, ofRule: (rule: Rule) => number): number =>
    terminal ? costOf(terminal, terminal.start) : ofRule(rule!);

  /** What the symbol of each position costs once, where it must be there, and what is left of its production from there on. */
  const left = (): { once: Float64Array; tails: Float64Array } => {
    if (costs) return costs;
    const rules = rulesOf(positions.flatMap(({ symbol }) => symbol?.rule ?? []));
    const byRule = new Map<Rule, number>();
    const ofRule = (rule: Rule): number => byRule.get(rule) ?? Number.POSITIVE_INFINITY;
    const ofSymbol = (symbol: Sym): number => (symbol.min === 0 ? 0 : symbol.min * symbolCost(symbol, ofRule));
    // Rules come before those that they refer to, so that most are known after one round from the last to the first.
    for (let changed = true; changed; ) {
      changed = false;
      for (const rule of rules) {
        const cost = Math.min(
          ...rule.productions.map(symbols => symbols.reduce((sum, symbol) => sum + ofSymbol(symbol), 0)),
        );
        if (cost >= ofRule(rule)) continue;
        byRule.set(rule, cost);
        changed = true;
      }
    }
    const once = new Float64Array(width);
    const tails = new Float64Array(width);
    for (let at = width - 1; at >= 0; at--) {
      const { symbol } = positions[at];
      if (!symbol) continue;
      once[at] = symbol.min === 0 ? 0 : symbolCost(symbol, ofRule);
      tails[at] = (symbol.min === 0 ? 0 : symbol.min * once[at]) + tails[at + 1];
    }
    costs = { once, tails };
    return costs;
  };

  /** Parents are made before what they are parents of: the way up ends, and is walked without recursion. */
  const after = (follow: Continuation): number => {
    const open = [follow];
    for (let one = open.at(-1); one; one = open.at(-1)) {
      const unknown = one.distance === undefined ? one.parents.filter(p => p && p.distance === undefined) : [];
      if (unknown.length > 0) open.push(...(unknown as Continuation[]));
      else {
        one.distance ??= ofFrames(one);
        open.pop();
      }
    }
    return follow.distance!;
  };
  const ofFrames = ({ frames, parents }: Continuation): number => {
    let least = Number.POSITIVE_INFINITY;
    for (const [i, frame] of frames.entries()) {
      if (frame === END_OF_TEXT) return 0;
      const at = frame % width;
      const symbol = positions[at].symbol!;
      const missing = Math.max(0, symbol.min - Math.floor(frame / width) - 1);
      // The first of all positions stands for the whole text, and is followed by nothing.
      const rest = at === 0 ? 0 : left().tails[at + 1];
      const again = missing === 0 ? 0 : missing * left().once[at];
      least = Math.min(least, again + rest + parents[i]!.distance!);
    }
    return least;
  };

  return {
    after,
    of(configuration) {
      if (configuration.distance !== undefined) return configuration.distance;
      let least = configuration.isComplete ? 0 : Number.POSITIVE_INFINITY;
      for (const { terminal, state, follow } of configuration.items) {
        const rest = least > 0 ? after(follow) : Number.POSITIVE_INFINITY;
        if (rest < least) least = Math.min(least, rest + costOf(terminal, state));
      }
      configuration.distance = least;
      return least;
    },
  };
}

/** Those that are referred to come first. */
function rulesOf(rules: readonly Rule[]): Rule[] {
  const seen = new Set<Rule>(rules);
  for (const { productions } of seen) for (const { rule } of productions.flat()) if (rule) seen.add(rule);
  return [...seen].reverse();
}

/** Tokens that spell what leads from a state of a terminal to a match; what was found is kept for the states on the way. */
export function createCosts(
  tokensAt: (bytes: readonly number[], from: number) => Iterable<number>,
  deepest: number,
): (terminal: Terminal, state: number) => number {
  const byTerminal = new WeakMap<Terminal, Map<number, number>>();
  return (terminal, state) => {
    if (terminal.isAccepting(state)) return 0;
    const known = memo(byTerminal, terminal, () => new Map<number, number>());
    const found = known.get(state);
    if (found !== undefined) return found;
    if (known.size > MOST_KNOWN) known.clear();
    const way = [state];
    const bytes: number[] = [];
    let unknown = 0;
    for (let at = state; !terminal.isAccepting(at); ) {
      // Tokens may reach beyond what is not known yet.
      if (known.has(at)) {
        if (unknown === 0) unknown = bytes.length;
        if (bytes.length >= unknown + deepest) break;
      }
      if (bytes.length >= LONGEST_WAY) return Number.POSITIVE_INFINITY;
      const byte = terminal.nextByte(at);
      at = terminal.step(at, byte);
      bytes.push(byte);
      way.push(at);
    }
    const costs = way.map(at => (terminal.isAccepting(at) ? 0 : (known.get(at) ?? Number.POSITIVE_INFINITY)));
    for (let i = bytes.length - 1; i >= 0; i--) {
      if (known.has(way[i])) continue;
      let least = Number.POSITIVE_INFINITY;
      for (const length of tokensAt(bytes, i)) least = Math.min(least, 1 + costs[i + length]);
      costs[i] = least;
      known.set(way[i], least);
    }
    return costs[0];
  };
}

/** Longer ways are not looked for: the text then is cut off where it ends. */
const LONGEST_WAY = 4000;
const MOST_KNOWN = 20_000;
