/** Constraints of a model: what is kept, what is forgotten, who waits. */
import { describe, expect, it } from 'vitest';
import { type ConstraintCompiler, vocabularyFrom } from '../../src/constrain/index.ts';
import { type ConstraintSource, compileSource } from '../../src/constrain/source.ts';
import { vocabularyData } from '../../src/constrain/vocabulary/vocabulary-data.ts';
import { createConstraints, type Lease } from '../../src/engine/constraints.ts';
import { createRandom } from '../../src/support/random.ts';

const END = 256;
const data = vocabularyData([...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)), undefined]);
const { isUsable } = vocabularyFrom(data, [END]);
const MB = 2 ** 20;

/** A list of 1000 choices of 30 words, different for each seed. */
function choices(seed: number): ConstraintSource {
  const random = createRandom(seed);
  const word = (): string => Array.from({ length: 7 }, () => String.fromCharCode(97 + random.below(26))).join('');
  const text = (): string => Array.from({ length: 30 }, word).join(' ');
  return { kind: 'choice', choices: Array.from({ length: 1000 }, text) };
}

const inThread = (compiled: ConstraintSource[] = []): ConstraintCompiler => ({
  compile(source) {
    compiled.push(source);
    return compileSource(source, isUsable);
  },
  vocabulary: () => data,
  [Symbol.dispose]() {},
});

/** Answers when it is told to. */
function slowly(): { compiler: ConstraintCompiler; answer: () => Promise<void>; asked: ConstraintSource[] } {
  const asked: ConstraintSource[] = [];
  const answers: (() => void)[] = [];
  const compiler: ConstraintCompiler = {
    compile(source) {
      asked.push(source);
      return new Promise(resolve => answers.push(() => resolve(compileSource(source, isUsable))));
    },
    vocabulary: () => Promise.resolve(data),
    [Symbol.dispose]() {},
  };
  const answer = async (): Promise<void> => {
    answers.shift()?.();
    await new Promise(setImmediate);
  };
  return { compiler, answer, asked };
}

describe('constraints of a model', () => {
  it('hold no more bytes than they may, however many lists come', () => {
    const constraints = createConstraints(inThread(), { maxBytes: 16 * MB });
    for (let seed = 0; seed < 20; seed++) {
      const { constraint, release } = constraints.acquire(choices(seed), [END], () => true) as Lease;
      constraint.start().mask();
      release();
      expect(constraints.bytes).toBeLessThanOrEqual(16 * MB);
    }
    expect(constraints.bytes).toBeGreaterThan(1 * MB);
  });

  it('are compiled once while they are remembered', () => {
    const compiled: ConstraintSource[] = [];
    const constraints = createConstraints(inThread(compiled), { maxBytes: 16 * MB });
    const first = constraints.acquire({ kind: 'json' }, [END], () => true) as Lease;
    const second = constraints.acquire({ kind: 'json' }, [END], () => true) as Lease;
    expect(second.constraint).toBe(first.constraint);
    expect(compiled).toHaveLength(1);
  });

  it('forget the least recently used, and none that is in use', () => {
    const constraints = createConstraints(inThread(), { maxBytes: 6 * MB });
    const held = constraints.acquire(choices(0), [END], () => true) as Lease;
    for (let seed = 1; seed < 8; seed++) (constraints.acquire(choices(seed), [END], () => true) as Lease).release();
    expect((constraints.acquire(choices(0), [END], () => true) as Lease).constraint).toBe(held.constraint);
    held.constraint.start().mask();
    expect(constraints.bytes).toBeGreaterThan(0);
  });

  it('let a request wait for room, in turn, and not for one that has gone', async () => {
    const { compiler, answer, asked } = slowly();
    const constraints = createConstraints(compiler, { maxBytes: 1 * MB });
    let isWanted = true;
    const first = constraints.acquire(choices(1), [END], () => true) as Promise<Lease>;
    const second = constraints.acquire(choices(2), [END], () => isWanted) as Promise<Lease>;
    const third = constraints.acquire(choices(3), [END], () => true) as Promise<Lease>;
    second.catch(() => {});
    await new Promise(setImmediate);
    await answer();
    const lease = await first;
    await answer();
    expect(asked).toHaveLength(1); // there is no room
    isWanted = false;
    lease.release();
    await expect(second).rejects.toThrow('nobody wants it');
    await new Promise(setImmediate);
    await answer();
    await third;
    expect(asked).toHaveLength(2);
  });

  it('are strict about objects where the server is', () => {
    const compiled: ConstraintSource[] = [];
    const constraints = createConstraints(inThread(compiled), { maxBytes: MB, strictObjects: true });
    const schema = { type: 'object', properties: { a: true } };
    const { constraint } = constraints.acquire({ kind: 'jsonSchema', schema }, [END], () => true) as Lease;
    const state = constraint.start();
    expect(() => {
      for (const byte of Buffer.from('{"b":1}')) state.advance(byte);
    }).toThrow('may not follow');
  });
});
