/**
 * Gradient checkpointing (Chen et al. 2016, arXiv:1604.06174): what `body` makes on its way is freed at once, and made
 * again when the gradient comes back. It costs a second forward pass and saves all activations inside.
 */
import { autocast, autocastDtype } from './autocast.ts';
import { enableGrad, isGradEnabled, noGrad, writeTensors } from './autograd.ts';
import { rngState, setRngState } from './generator.ts';
import { buffer, native } from './native.ts';
import { scope } from './scope.ts';
import { Tensor } from './tensor.ts';
import { tensorsIn, withTensors } from './tree.ts';

/**
 * `body(inputs)`, without keeping its activations. Both passes draw the same random numbers and run under the same
 * autocast. First derivatives only; `backward` is to be called on the thread of this call.
 *
 * @param body gives tensors, or arrays and plain objects of them; changes nothing that it is given
 * @param inputs every tensor that `body` reads and that is no parameter, in arrays and plain objects
 * @param options.parameters that `body` uses, to which gradients are to flow
 */
export function recompute<Inputs, Result>(
  body: (inputs: Inputs) => Result,
  inputs: Inputs,
  { parameters = [] }: { parameters?: readonly Tensor[] } = {},
): Result {
  if (!isGradEnabled()) return body(inputs);
  const given = tensorsIn(inputs);
  // A region of its own: weights that were cast without a graph must not be found by what comes after.
  const dtype = autocastDtype() ?? 'float32';
  const run = (values: Inputs): Result => autocast(dtype, () => body(values));
  const devices = [...new Set(['cpu', ...given.map(({ device }) => device)])].filter(device => device !== 'meta');

  const again = (): void => {
    const handles = Array.from(buffer.subarray(1, 1 + buffer[0]));
    scope(() => {
      const tensors = handles.map(handle => new Tensor(handle));
      const leaves = tensors.slice(0, given.length);
      const before = devices.map(device => rngState(device));
      restoreGenerators(devices, tensors.slice(given.length));
      try {
        const result = enableGrad(() => run(withTensors(inputs, leaves)));
        writeTensors([tensorsIn(result)]);
        native().recomputed();
      } finally {
        restoreGenerators(devices, before);
      }
    });
  };

  return scope(() => {
    const states = devices.map(device => rngState(device));
    const result = scope(() => noGrad(() => run(inputs)));
    const made = tensorsIn(result);
    writeTensors([made, [...given, ...states], parameters]);
    native().recompute(again);
    const handles = Array.from(buffer.subarray(0, made.length));
    return withTensors(
      result,
      handles.map(handle => new Tensor(handle)),
    );
  });
}

function restoreGenerators(devices: readonly string[], states: readonly Tensor[]): void {
  for (const [i, device] of devices.entries()) setRngState(states[i], device);
}
