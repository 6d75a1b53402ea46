/**
 * What calls of operators know of tensors: a base class to know one by, and how to make one. The class itself has operators as
 * its methods, and so comes after them.
 */
import type { Tensor } from './tensor.ts';

export abstract class TensorHandle {
  /** Native handle, -1 once freed. */
  abstract handle: number;
}

export const isTensor = (value: unknown): value is Tensor => value instanceof TensorHandle;

let make: (handle: number) => Tensor;

/** Told by the module of the class. */
export const makeTensorsBy = (wrap: (handle: number) => Tensor): void => {
  make = wrap;
};

/** The tensor of a native handle. */
export const tensorOf = (handle: number): Tensor => make(handle);
