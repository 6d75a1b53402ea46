/**
 * Memory scopes. The garbage collector sees a small JavaScript object and not the native memory behind it, so tensors
 * are freed by scope: what was made inside and is not returned is gone at its end. A tensor made outside every scope,
 * or kept past the outermost one, is freed by `using`, by `dispose()`, or at last by the garbage collector.
 */
import { buffer, native } from './native.ts';

/** What the memory bookkeeping needs of a tensor. */
export interface Owned {
  /** Native handle, -1 once freed. */
  handle: number;
  /** The scope that frees it; undefined when the garbage collector watches it. */
  scope: Scope | undefined;
  /** Bytes announced to V8, while the garbage collector watches it. */
  externalBytes: number;
}

/** The tensors that a call of `scope` frees at its end. */
export class Scope {
  readonly parent: Scope | undefined;
  readonly tensors: Owned[] = [];

  constructor(parent: Scope | undefined) {
    this.parent = parent;
  }
}

let current: Scope | undefined;

const registry = new FinalizationRegistry<{ handle: number; bytes: number }>(({ handle, bytes }) => {
  buffer[0] = handle;
  native().release(1);
  if (bytes) native().adjustExternalMemory(-bytes);
});

/** Files a new tensor under the scope in force, or with the garbage collector. */
export function own(tensor: Owned): void {
  if (current) {
    tensor.scope = current;
    current.tensors.push(tensor);
  } else {
    watch(tensor);
  }
}

function watch(tensor: Owned): void {
  tensor.scope = undefined;
  tensor.externalBytes = native().byteSize(tensor.handle);
  registry.register(tensor, { handle: tensor.handle, bytes: tensor.externalBytes }, tensor);
  if (tensor.externalBytes) native().adjustExternalMemory(tensor.externalBytes);
}

/** The garbage collector stops watching a tensor; a scope skips it once its handle is gone. */
export function disown(tensor: Owned): void {
  if (tensor.scope) return;
  registry.unregister(tensor);
  if (tensor.externalBytes) native().adjustExternalMemory(-tensor.externalBytes);
  tensor.externalBytes = 0;
}

/** Frees a tensor's memory now. Freeing twice is harmless. */
export function release(tensor: Owned): void {
  if (tensor.handle < 0) return;
  disown(tensor);
  buffer[0] = tensor.handle;
  tensor.handle = -1;
  native().release(1);
}

function releaseAll(scope: Scope): void {
  let count = 0;
  for (const tensor of scope.tensors) {
    if (tensor.scope !== scope || tensor.handle < 0) continue;
    buffer[count++] = tensor.handle;
    tensor.handle = -1;
    if (count === buffer.length) {
      native().release(count);
      count = 0;
    }
  }
  if (count) native().release(count);
}

/**
 * Runs `body`; every tensor made inside is freed at the end, except those in the value returned (a tensor, or arrays
 * and plain objects of them), which pass to the surrounding scope. Scopes are synchronous: a `body` that returns a
 * promise is refused, because its tensors would be freed before it is done.
 */
export function scope<T>(body: () => T): T {
  const inner = new Scope(current);
  current = inner;
  let result: T;
  try {
    result = body();
    if (isThenable(result)) {
      throw new TypeError('a scope cannot wait for a promise: open the scope inside the asynchronous function');
    }
  } catch (error) {
    current = inner.parent;
    releaseAll(inner);
    throw error;
  }
  current = inner.parent;
  forEachTensor(result, tensor => {
    if (tensor.scope === inner) own(tensor);
  });
  releaseAll(inner);
  return result;
}

const isThenable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';

/** Takes tensors out of their scopes: they live until `dispose()`, or until the garbage collector finds them. */
export function keep<T>(value: T): T {
  forEachTensor(value, tensor => {
    if (tensor.scope) watch(tensor);
  });
  return value;
}

/** Frees every tensor in a value now. */
export function dispose(value: unknown): void {
  forEachTensor(value, release);
}

function forEachTensor(value: unknown, visit: (tensor: Owned) => void): void {
  if (typeof value !== 'object' || value === null) return;
  if (isOwned(value)) {
    if (value.handle >= 0) visit(value);
  } else if (Array.isArray(value)) {
    for (const item of value) forEachTensor(item, visit);
  } else if (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null) {
    for (const item of Object.values(value)) forEachTensor(item, visit);
  }
}

const isOwned = (value: object): value is Owned => 'handle' in value && 'externalBytes' in value;
