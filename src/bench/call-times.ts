/** What a call costs: the smallest operators, on 4 elements or on 2 × 2, the memory of the result included. */
import { backward } from '../torch/autograd.ts';
import { fastestRun } from '../torch/fastest-run.ts';
import { randn } from '../torch/ops.ts';

export interface CallTime {
  name: string;
  /** Of one call. */
  seconds: number;
}

const CALLS = 1000;

/** @param seconds how long each is measured */
export function callTimes(seconds?: number): CallTime[] {
  const [x, y, matrix] = [randn([4]), randn([4]), randn([2, 2])];
  const leaf = randn([4]);
  leaf.requiresGrad = true;
  const calls: Record<string, () => unknown> = {
    add: () => x.add(y),
    add_: () => x.add_(y),
    sum: () => x.sum(),
    view: () => x.view([2, 2]),
    matmul: () => matrix.matmul(matrix),
    'add, gradients on': () => leaf.add(y),
    'sum and backward': () => backward(leaf.sum()),
  };
  return Object.entries(calls).map(([name, call]) => {
    const many = (): void => {
      for (let i = 0; i < CALLS; i++) call();
    };
    return { name, seconds: fastestRun(many, { seconds }) / CALLS };
  });
}
