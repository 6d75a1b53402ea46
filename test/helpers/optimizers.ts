/** What holds of every optimizer, and the numbers of others that they are compared with. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { emptyParameter, type Parameter } from '../../src/nn/module.ts';
import { dispose, fromTypedArray, memoryStats, type Tensor } from '../../src/torch/index.ts';
import type { NamedParameters, Optimizer } from '../../src/train/optimizers/optimizer.ts';

type Name = 'matrix' | 'vector' | 'cube';
type Values = Record<Name, number[]>;

interface Golden {
  shapes: Record<Name, number[]>;
  lrs: number[];
  start: Values;
  gradients: Values[];
  cases: {
    optimizer: string;
    options: Record<string, unknown>;
    decay_all: boolean;
    first: Values;
    last: Values;
  }[];
}

/** Made by `test/fixtures/optimizers/make.py`. */
const golden = JSON.parse(readFileSync('test/fixtures/optimizers/golden.json', 'utf8')) as Golden;
const names = Object.keys(golden.shapes) as Name[];

export const floats = (values: readonly number[], shape: readonly number[]): Tensor =>
  fromTypedArray(Float32Array.from(values), shape);

export function parameterOf(values: readonly number[], shape: readonly number[]): Parameter {
  const parameter = emptyParameter(shape);
  parameter.replace(floats(values, shape));
  return parameter;
}

const parameters = (): Record<Name, Parameter> =>
  Object.fromEntries(names.map(name => [name, parameterOf(golden.start[name], golden.shapes[name])])) as never;

function setGradients(all: Partial<Record<Name, Parameter>>, step: number, factor = 1): void {
  const gradients = golden.gradients[step % golden.gradients.length];
  for (const [name, parameter] of Object.entries(all) as [Name, Parameter][]) {
    using gradient = floats(
      gradients[name].map(value => value * factor),
      golden.shapes[name],
    );
    parameter.grad = gradient;
  }
}

const valuesOf = (all: Partial<Record<Name, Parameter>>): Record<string, number[]> =>
  Object.fromEntries(Object.entries(all).map(([name, parameter]) => [name, parameter.toNumbers()]));

function expectNear(found: Record<string, number[]>, wanted: Values, what: string): void {
  for (const name of names) {
    for (const [i, value] of wanted[name].entries()) {
      const allowed = 2e-6 * (1 + Math.abs(value));
      expect(Math.abs(found[name][i] - value), `${what}: ${name}[${i}]`).toBeLessThan(allowed);
    }
  }
}

const camelCase = (key: string): string => key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

type Create<Options> = (named: NamedParameters, options?: Options) => Optimizer;

/** Compares with every recorded case of this optimizer. */
export function itAgreesWithRecorded<Options extends object>(optimizer: string, create: Create<Options>): void {
  const cases = golden.cases.filter(recorded => recorded.optimizer === optimizer);
  it.each(
    cases.map(recorded => [JSON.stringify(recorded.options), recorded] as const),
  )(`updates as ${optimizer} does elsewhere: %s`, (_, { options, decay_all: decayAll, first, last }) => {
    const renamed = Object.entries(options).map(([key, value]) => [camelCase(key), value]);
    for (const gradScale of [1, 0.25]) {
      const all = parameters();
      const made = create(Object.entries(all), { ...Object.fromEntries(renamed), decayAll });
      for (const [step, lr] of golden.lrs.entries()) {
        setGradients(all, step, 1 / gradScale);
        made.step(lr, gradScale);
        if (step === 0) expectNear(valuesOf(all), first, 'first step');
      }
      expectNear(valuesOf(all), last, 'last step');
      made.dispose();
      dispose(all);
    }
  });
}

/**
 * What the training loop relies on.
 *
 * @param options under which the optimizer keeps all that it can keep
 * @param keys of the state that it then has
 */
export function itIsAnOptimizer<Options extends object>(
  create: Create<Options>,
  options: Options,
  keys: readonly string[],
): void {
  it('goes on from a saved state as if it had not been interrupted', () => {
    const run = (optimizer: Optimizer, all: ReturnType<typeof parameters>, steps: readonly number[]): void => {
      for (const step of steps) {
        setGradients(all, step);
        if (step === 0) all.vector.grad = undefined; // begins a step later
        optimizer.step(0.05);
      }
    };
    const straight = parameters();
    run(create(Object.entries(straight), options), straight, [0, 1, 2, 3, 4]);

    const begun = parameters();
    const first = create(Object.entries(begun), options);
    run(first, begun, [0]);
    expect([...first.state().keys()].some(key => key.startsWith('vector'))).toBe(false);
    run(first, begun, [1, 2]);
    const saved = first.state();
    expect([...saved.keys()].sort()).toEqual([...keys].sort());
    const second = create(Object.entries(begun), options);
    second.load(new Map([...saved, ['rng', floats([0], [1])]]), 3);
    first.dispose(); // what was loaded is a copy
    run(second, begun, [3, 4]);
    expect(valuesOf(begun)).toEqual(valuesOf(straight));
  });

  it('leaves alone what has no gradient, and what is frozen', () => {
    const all = parameters();
    all.vector.requiresGrad = false;
    const before = valuesOf(all);
    const optimizer = create(Object.entries(all), options);
    setGradients({ matrix: all.matrix }, 0);
    optimizer.step(0.1);
    const { matrix, ...others } = valuesOf(all);
    expect(matrix).not.toEqual(before.matrix);
    expect({ matrix: before.matrix, ...others }).toEqual(before);
    expect([...optimizer.state().keys()].every(key => key.startsWith('matrix.'))).toBe(true);
  });

  it('decays matrices only, unless it is told otherwise', () => {
    const decayed = (decayAll: boolean): string[] => {
      const [with_, without] = [0.5, 0].map(weightDecay => {
        const all = parameters();
        const optimizer = create(Object.entries(all), { ...options, weightDecay, decayAll });
        setGradients(all, 0);
        optimizer.step(0.1);
        return valuesOf(all);
      });
      return names.filter(name => with_[name].some((value, i) => value !== without[name][i]));
    };
    expect(decayed(false)).toEqual(['matrix', 'cube']);
    expect(decayed(true)).toEqual(['matrix', 'vector', 'cube']);
  });

  it('needs no more memory from step to step, and gives all of it back', () => {
    const all = parameters();
    const before = memoryStats();
    const optimizer = create(Object.entries(all), options);
    const live = Array.from({ length: 8 }, (_, step) => {
      setGradients(all, step);
      optimizer.step(0.1);
      const { liveBytes, tensors } = memoryStats();
      return `${liveBytes} ${tensors}`;
    });
    expect(new Set(live).size).toBe(1);
    optimizer.dispose();
    for (const parameter of Object.values(all)) parameter.grad = undefined;
    expect(memoryStats()).toMatchObject({ liveBytes: before.liveBytes, tensors: before.tensors });
    dispose(all);
  });
}
