/**
 * A pickle machine for state dicts: the instructions of protocol 2 that `torch.save` emits, and no way to run code.
 * Pickles name functions to be called; here the few that build tensors are given by the caller, and any other name is
 * refused before anything happens. Work and memory are bounded by the bytes read and by `MAX_STEPS`.
 * Instructions: CPython's Lib/pickletools.py.
 */
import { pickleStack } from './stack.ts';
import { Tuple } from './tuple.ts';

/** What a pickle may call. */
export type Callable = (args: readonly unknown[]) => unknown;

export interface PickleOptions {
  /** What global names stand for (`collections.OrderedDict`): functions are called, other values are data. */
  globals: ReadonlyMap<string, unknown>;
  /** What a persistent id stands for: storages lie outside the pickle. */
  persistent: (id: unknown) => unknown;
  /** The error for a malformed pickle. */
  fail: (what: string) => Error;
  /** The error for a global name that is not in `globals`. */
  refuse: (name: string) => Error;
}

/** A state dict takes some thirty steps a tensor. */
const MAX_STEPS = 2_000_000;
const MAX_NAME = 500;

const PROTO = 128;
const code = (character: string): number => character.charCodeAt(0);
const STOP = code('.');

interface Decoder {
  decode(bytes: Uint8Array): string;
}
const utf8: Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const latin1: Decoder = new TextDecoder('latin1');

/** Reads the pickle at `start`. @returns its value and where it ends */
export function unpickle(bytes: Uint8Array, start: number, options: PickleOptions): { value: unknown; end: number } {
  const { globals, persistent, fail, refuse } = options;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stack = pickleStack(fail);
  const { push, pop } = stack;
  let at = start;

  /** Moves on by `count` bytes. @returns where they begin */
  const take = (count: number): number => {
    if (count > bytes.length - at) throw fail('the pickle is cut off');
    at += count;
    return at - count;
  };
  const uint8 = (): number => view.getUint8(take(1));
  const uint32 = (): number => view.getUint32(take(4), true);
  const text = (length: number, decoder: Decoder): string => {
    const from = take(length);
    try {
      return decoder.decode(bytes.subarray(from, from + length));
    } catch {
      throw fail('the pickle has a string that is not UTF-8');
    }
  };
  const line = (): string => {
    const end = bytes.subarray(at, at + MAX_NAME).indexOf(code('\n'));
    if (end < 0) throw fail('the pickle has a name without end');
    return text(end + 1, latin1).slice(0, -1);
  };
  const setItems = (items: readonly unknown[]): void => {
    if (items.length % 2 !== 0) throw fail('the pickle has a key without a value');
    const target = stack.top<Map<unknown, unknown>>(Map);
    for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
  };

  const instructions: Record<number, () => void> = {
    [code('}')]: () => push(new Map()),
    [code(']')]: () => push([]),
    [code(')')]: () => push(new Tuple([])),
    [code('N')]: () => push(null),
    136: () => push(true),
    137: () => push(false),
    [code('K')]: () => push(uint8()),
    [code('M')]: () => push(view.getUint16(take(2), true)),
    [code('J')]: () => push(view.getInt32(take(4), true)),
    138: () => {
      const length = uint8();
      const from = take(length);
      push(longOf(bytes.subarray(from, from + length)));
    },
    [code('G')]: () => push(view.getFloat64(take(8))),
    [code('X')]: () => push(text(uint32(), utf8)),
    [code('U')]: () => push(text(uint8(), latin1)), // this and the next from Python 2
    [code('T')]: () => push(text(uint32(), latin1)),
    [code('(')]: () => stack.mark(),
    [code('t')]: () => push(new Tuple(stack.popMark())),
    133: () => stack.tuple(1),
    134: () => stack.tuple(2),
    135: () => stack.tuple(3),
    [code('q')]: () => stack.remember(uint8()),
    [code('r')]: () => stack.remember(uint32()),
    [code('h')]: () => stack.recall(uint8()),
    [code('j')]: () => stack.recall(uint32()),
    [code('a')]: () => {
      const item = pop();
      stack.top<unknown[]>(Array).push(item);
    },
    [code('e')]: () => {
      const items = stack.popMark();
      const list = stack.top<unknown[]>(Array);
      for (const item of items) list.push(item);
    },
    [code('s')]: () => {
      const value = pop();
      setItems([pop(), value]);
    },
    [code('u')]: () => setItems(stack.popMark()),
    [code('c')]: () => {
      const module = line();
      const name = `${module}.${line()}`;
      if (!globals.has(name)) throw refuse(name);
      push(globals.get(name));
    },
    [code('R')]: () => {
      const args = pop();
      const callable = pop();
      if (typeof callable !== 'function') throw fail('the pickle calls something that is no function');
      if (!(args instanceof Tuple)) throw fail('the pickle calls a function without a tuple of arguments');
      push((callable as Callable)(args.items));
    },
    [code('Q')]: () => push(persistent(pop())),
    // The state of an object: a state dict's `_metadata`, which says nothing about its tensors.
    [code('b')]: () => {
      pop();
      stack.top(Map);
    },
  };

  if (uint8() !== PROTO) throw fail('there is no pickle where one should begin');
  const protocol = uint8();
  if (protocol !== 2) throw fail(`the pickle has protocol ${protocol}, torch.save writes 2`);
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    const opcode = uint8();
    if (opcode === STOP) return { value: stack.result(), end: at };
    const instruction = instructions[opcode];
    if (!instruction) throw fail(`the pickle has the instruction ${opcode}, which no state dict needs`);
    instruction();
  }
  throw fail(`the pickle takes more than ${MAX_STEPS} steps`);
}

/** A little-endian integer in two's complement; a bigint when it is no safe integer. */
function longOf(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
  const signed = BigInt.asIntN(8 * bytes.length, value);
  const number = Number(signed);
  return Number.isSafeInteger(number) ? number : signed;
}
