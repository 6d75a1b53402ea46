/** Values that hold tensors: a tensor, arrays and plain objects of such values, at any depth. */
import { Tensor } from './tensor.ts';

/** A copy of `value` with other tensors, visited in a fixed order; what is neither array nor plain object stays. */
export function mapTensors<T>(value: T, change: (tensor: Tensor) => Tensor): T;
export function mapTensors(value: unknown, change: (tensor: Tensor) => Tensor): unknown {
  if (value instanceof Tensor) return change(value);
  if (Array.isArray(value)) return value.map(item => mapTensors(item, change));
  if (typeof value !== 'object' || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTensors(item, change)]));
}

/** The tensors of a value in the order of `mapTensors`. */
export function tensorsIn(value: unknown): Tensor[] {
  const found: Tensor[] = [];
  mapTensors(value, tensor => {
    found.push(tensor);
    return tensor;
  });
  return found;
}

/** A copy of `value` with `tensors` in the places of its own. */
export function withTensors<T>(value: T, tensors: readonly Tensor[]): T {
  let next = 0;
  return mapTensors(value, () => tensors[next++]);
}
