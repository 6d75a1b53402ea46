/** Automatic differentiation: modes, `backward` and `grad`. Gradients of the operators are libtorch's. */
import { messageOf } from '../support/errors.ts';
import { buffer, native } from './native.ts';
import { TorchError } from './operator.ts';
import { Tensor } from './tensor.ts';

/** Runs `body` without recording operations for gradients. */
export const noGrad = <T>(body: () => T): T => withGradMode(false, body);

/** Runs `body` with recording switched on, inside a `noGrad`. */
export const enableGrad = <T>(body: () => T): T => withGradMode(true, body);

/** Whether operations are recorded for gradients now. */
export function isGradEnabled(): boolean {
  const enabled = native().setGradMode(true);
  native().setGradMode(enabled);
  return enabled;
}

function withGradMode<T>(enabled: boolean, body: () => T): T {
  const before = native().setGradMode(enabled);
  try {
    return synchronous(body());
  } finally {
    native().setGradMode(before);
  }
}

/** As `noGrad` and faster: tensors made inside can never take part in autograd. */
export function inferenceMode<T>(body: () => T): T {
  native().enterInferenceMode();
  try {
    return synchronous(body());
  } finally {
    native().leaveInferenceMode();
  }
}

/** Modes belong to the thread, not to a promise: what ran after an `await` would not see them. */
function synchronous<T>(value: T): T {
  if (typeof (value as { then?: unknown } | undefined)?.then === 'function') {
    throw new TypeError('gradient modes do not reach across await: use them inside the asynchronous function');
  }
  return value;
}

/** @internal Lists of tensors into the shared buffer, as `native/env.h` reads them. */
export function writeTensors(lists: readonly (readonly (Tensor | undefined)[])[]): void {
  const needed = lists.reduce((sum, list) => sum + 1 + list.length, 0);
  if (needed > buffer.length) throw new RangeError(`at most ${buffer.length} tensors fit one call, not ${needed}`);
  let at = 0;
  for (const list of lists) {
    buffer[at++] = list.length;
    for (const tensor of list) buffer[at++] = tensor ? tensor.live() : -1;
  }
}

/** Runs `body`; an error of libtorch's says what was differentiated. */
function explained(name: string, roots: readonly Tensor[], body: () => void): void {
  try {
    body();
  } catch (error) {
    const what = roots.map(root => root.describe()).join(', ');
    throw new TorchError(name, `${name}(${what}): ${messageOf(error)}`, error);
  }
}

/**
 * Accumulates gradients into `.grad` of the leaves that `root` was computed from.
 *
 * @param options.gradient of `root`; default 1 for a scalar
 * @param options.inputs only these leaves; default all
 * @param options.retainGraph keep what is needed to go back again; default false
 */
export function backward(
  root: Tensor,
  {
    gradient,
    inputs = [],
    retainGraph = false,
    createGraph = false,
  }: { gradient?: Tensor; inputs?: readonly Tensor[]; retainGraph?: boolean; createGraph?: boolean } = {},
): void {
  writeTensors([[root], [gradient], inputs]);
  explained('backward', [root], () => native().backward(retainGraph || createGraph, createGraph));
}

/**
 * Gradients of `outputs` with respect to `inputs`, without touching `.grad`.
 *
 * @param options.allowUnused undefined for an input that `outputs` do not depend on, instead of an error
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  {
    gradients,
    retainGraph = false,
    createGraph = false,
    allowUnused = false,
  }: {
    gradients?: readonly (Tensor | undefined)[];
    retainGraph?: boolean;
    createGraph?: boolean;
    allowUnused?: boolean;
  } = {},
): (Tensor | undefined)[] {
  const roots = outputs instanceof Tensor ? [outputs] : outputs;
  writeTensors([roots, gradients ?? roots.map(() => undefined), inputs]);
  explained('grad', roots, () => native().grad(retainGraph || createGraph, createGraph, allowUnused));
  const handles = Array.from(buffer.subarray(0, inputs.length));
  return handles.map(handle => (handle < 0 ? undefined : new Tensor(handle)));
}
