/** The memory of a pickle machine: a stack with marks, and the values kept for later. Every misuse is an error. */
import { Tuple } from './tuple.ts';

export interface PickleStack {
  push(value: unknown): void;
  pop(): unknown;
  /** The value on top, which must be of this class. */
  top<T>(kind: abstract new (...args: never[]) => T): T;
  /** Begins a list of values. */
  mark(): void;
  /** The values since the last mark, which is gone. */
  popMark(): unknown[];
  /** Makes a tuple of the uppermost values. */
  tuple(length: number): void;
  /** Keeps the value on top. */
  remember(index: number): void;
  recall(index: number): void;
  /** The only value, at the end. */
  result(): unknown;
}

export function pickleStack(fail: (what: string) => Error): PickleStack {
  const values: unknown[] = [];
  const marks: number[] = [];
  const memo = new Map<number, unknown>();
  /** Takes never go below the last mark: what surrounds a list stays untouched. */
  const require = (count: number): void => {
    if (values.length - (marks.at(-1) ?? 0) < count) throw fail('the pickle takes a value that is not there');
  };
  return {
    push: value => values.push(value),
    pop() {
      require(1);
      return values.pop();
    },
    top(kind) {
      require(1);
      const value = values.at(-1);
      if (!(value instanceof kind)) throw fail(`the pickle changes something that is no ${kind.name}`);
      return value;
    },
    mark: () => marks.push(values.length),
    popMark() {
      const mark = marks.pop();
      if (mark === undefined) throw fail('the pickle ends a list that it never began');
      return values.splice(mark);
    },
    tuple(length) {
      require(length);
      values.push(new Tuple(values.splice(values.length - length)));
    },
    remember(index) {
      require(1);
      memo.set(index, values.at(-1));
    },
    recall(index) {
      if (!memo.has(index)) throw fail('the pickle recalls a value that it never kept');
      values.push(memo.get(index));
    },
    result() {
      require(1);
      if (values.length > 1 || marks.length > 0) throw fail('the pickle leaves values behind');
      return values[0];
    },
  };
}
