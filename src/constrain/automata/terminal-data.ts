/** Terminals as plain data, which crosses between threads. */
import { type CountedData, CountedDfa } from './counted-dfa.ts';
import type { Dfa } from './dfa.ts';
import { type ExceptData, ExceptDfa } from './except-dfa.ts';
import { LazyDfa } from './lazy-dfa.ts';
import type { Nfa } from './nfa.ts';
import { TableDfa } from './table-dfa.ts';
import type { Terminal } from './terminal.ts';
import { type Trie, TrieDfa } from './trie.ts';

/** What a terminal is made from. */
export type TerminalData =
  | { kind: 'nfa'; nfa: Nfa }
  | { kind: 'table'; dfa: Dfa }
  | { kind: 'trie'; trie: Trie }
  | { kind: 'counted'; counted: CountedData }
  | { kind: 'except'; except: ExceptData };

export function terminalOf(data: TerminalData): Terminal {
  switch (data.kind) {
    case 'nfa':
      return new LazyDfa(data.nfa);
    case 'table':
      return new TableDfa(data.dfa);
    case 'trie':
      return new TrieDfa(data.trie);
    case 'counted':
      return new CountedDfa(data.counted);
    case 'except':
      return new ExceptDfa(data.except, new TableDfa(data.except.strings));
  }
}

/** The typed arrays of a terminal, which may be transferred and are what its bytes are counted by. */
export function arraysOf(data: TerminalData): (Uint8Array | Int32Array)[] {
  switch (data.kind) {
    case 'nfa': {
      const { edgeStarts, lows, highs, targets, jumpStarts, jumps } = data.nfa;
      return [edgeStarts, lows, highs, targets, jumpStarts, jumps];
    }
    case 'table':
      return arraysOfDfa(data.dfa);
    case 'trie':
      return arraysOfTrie(data.trie);
    case 'counted':
      return [...arraysOfDfa(data.counted.dfa), data.counted.reachable];
    case 'except':
      return [...arraysOfDfa(data.except.strings), ...arraysOfTrie(data.except.trie)];
  }
}

const arraysOfDfa = ({ classOf, next, accepting }: Dfa): (Uint8Array | Int32Array)[] => [classOf, next, accepting];
const arraysOfTrie = ({ edgeStarts, bytes, targets, accepting }: Trie): (Uint8Array | Int32Array)[] => [
  edgeStarts,
  bytes,
  targets,
  accepting,
];
