/** From a grammar to a program: everything that can be worked out before the first token. */
import { UserError } from '../../support/errors.ts';
import { countedData } from '../automata/counted-dfa.ts';
import { type Dfa, dfaOf, intersect, subtract } from '../automata/dfa.ts';
import type { Expression } from '../automata/expression.ts';
import { buildNfa } from '../automata/nfa.ts';
import { arraysOf, type TerminalData, terminalOf } from '../automata/terminal-data.ts';
import { memo } from '../memo.ts';
import type { Grammar } from './grammar.ts';
import { matchesAnything, type Numbered, productionsOf } from './productions.ts';
import { type Program, programOf } from './program.ts';

/** A program that takes more is a mistake, or an attack. */
const MOST_BYTES = 16 * 2 ** 20;

/**
 * @param isUsable 1 for each byte that the vocabulary can write
 * @throws UserError when no text follows the grammar or none that can be written, or it is too large
 */
export function compileGrammar(grammar: Grammar, isUsable: Uint8Array): Program {
  try {
    return compile(grammar, isUsable);
  } catch (error) {
    // The stack is full.
    if (!(error instanceof RangeError)) throw error;
    throw new UserError('TSLM_CONSTRAINT_TOO_LARGE', `${grammar.where}: it nests too deeply`, {
      hint: 'describe less',
      exitCode: 2,
    });
  }
}

function compile(grammar: Grammar, isUsable: Uint8Array): Program {
  const terminals: TerminalData[] = [];
  const known = new Map<Expression, Numbered>();
  let bytes = 0;
  const root = productionsOf(grammar, expression =>
    memo(known, expression, () => {
      const data = dataOf(expression, isUsable);
      bytes += arraysOf(data).reduce((sum, { byteLength }) => sum + byteLength, 0);
      if (bytes > MOST_BYTES) throw tooLarge(grammar.where, bytes);
      const terminal = terminalOf(data);
      return {
        id: terminals.push(data) - 1,
        isEmpty: terminal.isEmpty,
        isNullable: terminal.isAccepting(terminal.start),
      };
    }),
  );
  if (!matchesAnything(root)) throw unwritable(grammar, isUsable);
  const program = programOf(root, terminals, grammar.where);
  if (program.bytes > MOST_BYTES) throw tooLarge(grammar.where, program.bytes);
  return program;
}

function dataOf(expression: Expression, isUsable: Uint8Array): TerminalData {
  if (expression.kind === 'texts') {
    const { trie } = expression;
    if (trie.bytes.every(byte => isUsable[byte])) return { kind: 'trie', trie };
  }
  if (expression.kind === 'automaton') {
    const { dfa } = expression;
    if (usesOnly(dfa, isUsable)) return { kind: 'table', dfa };
  }
  if (expression.kind === 'counted') {
    const { counted } = expression;
    if (usesOnly(counted.dfa, isUsable)) return { kind: 'counted', counted };
    return { kind: 'counted', counted: countedData(intersect(counted.dfa, allOf(isUsable)), counted.min, counted.max) };
  }
  if (expression.kind === 'except') {
    const { strings, trie } = expression.except;
    if (usesOnly(strings, isUsable)) return { kind: 'except', except: expression.except };
    const texts: Expression = { kind: 'texts', trie };
    return { kind: 'table', dfa: subtract(intersect(strings, allOf(isUsable)), dfaOf(texts)) };
  }
  return { kind: 'nfa', nfa: buildNfa(expression, isUsable) };
}

function usesOnly({ next, classes, classOf }: Dfa, isUsable: Uint8Array): boolean {
  const isRead = new Uint8Array(classes);
  for (let i = 0; i < next.length; i++) if (next[i] >= 0) isRead[i % classes] = 1;
  return classOf.every((byteClass, byte) => isUsable[byte] || !isRead[byteClass]);
}

/** Any texts of these bytes. */
const allOf = (isUsable: Uint8Array): Dfa => ({
  classOf: isUsable.map(usable => (usable ? 1 : 0)),
  classes: 2,
  next: Int32Array.of(-1, 0),
  accepting: Uint8Array.of(1),
});

function unwritable(grammar: Grammar, isUsable: Uint8Array): UserError {
  if (isUsable.includes(0)) {
    try {
      compile(grammar, new Uint8Array(256).fill(1));
      return new UserError(
        'TSLM_VOCABULARY_CANNOT_WRITE',
        `${grammar.where}: the vocabulary lacks characters that it asks for`,
        { hint: 'use a tokenizer that has a token for every byte' },
      );
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return error;
    }
  }
  return new UserError('TSLM_UNSATISFIABLE', `${grammar.where}: there is no text that it allows`, {
    hint: 'look for contradictions, and for rules that never come to an end',
    exitCode: 2,
  });
}

const tooLarge = (where: string, bytes: number): UserError =>
  new UserError(
    'TSLM_CONSTRAINT_TOO_LARGE',
    `${where} takes more than ${MOST_BYTES / 2 ** 20} MB as automata (${Math.ceil(bytes / 2 ** 20)} MB so far)`,
    { hint: 'describe less, or shorten lists of choices', exitCode: 2 },
  );
