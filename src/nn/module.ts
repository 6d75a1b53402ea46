/**
 * Module and Parameter, as in `torch.nn`: a module is a class whose fields are parameters, modules, or arrays of
 * modules; the path of fields names each parameter (`layers.0.attention.output.weight`).
 */
import { type Device, type DType, empty, keep, Tensor } from '../torch/index.ts';

/** A tensor that training changes. It belongs to its module, to no scope. */
export class Parameter extends Tensor {
  /** Takes over the data; `data` must not be used afterwards. */
  constructor(data: Tensor, { requiresGrad = true }: { requiresGrad?: boolean } = {}) {
    super(takeOver(data));
    keep(this);
    if (requiresGrad) this.requiresGrad = true;
  }

  /** Puts other data in place of this parameter's: another device, element type or checkpoint. */
  replace(data: Tensor): void {
    const { requiresGrad } = this;
    const handle = takeOver(data);
    this.dispose();
    this.adopt(handle);
    keep(this);
    this.requiresGrad = requiresGrad;
  }
}

/** The native tensor of `data`, without its history; `data` counts as freed. */
function takeOver(data: Tensor): number {
  const handle = data.detach().moveHandle();
  data.dispose();
  return handle;
}

let abstractParameters: Parameter[] | undefined;

/**
 * Runs `body`; parameters that it makes have a shape and no memory (PyTorch's `meta` device), until something is put in
 * their place. They are freed when it throws.
 */
export function withoutMemory<T>(body: () => T): T {
  const outer = abstractParameters;
  const made: Parameter[] = [];
  abstractParameters = made;
  try {
    return body();
  } catch (error) {
    for (const parameter of made) parameter.dispose();
    throw error;
  } finally {
    abstractParameters = outer;
  }
}

/** A parameter whose values are still undefined: filled by a checkpoint or by an initialisation. */
export function emptyParameter(shape: readonly number[]): Parameter {
  const parameter = new Parameter(empty(shape, { device: abstractParameters ? 'meta' : 'cpu' }));
  abstractParameters?.push(parameter);
  return parameter;
}

export abstract class Module {
  /** Dropout and the like are active. */
  training = false;

  /** Child modules with their field names; arrays are numbered: `layers.0`. */
  *namedChildren(): Generator<[name: string, module: Module]> {
    for (const [name, value] of Object.entries(this)) {
      if (value instanceof Module) yield [name, value];
      else if (Array.isArray(value)) {
        for (const [i, item] of value.entries()) if (item instanceof Module) yield [`${name}.${i}`, item];
      }
    }
  }

  /** Every parameter below this module with its path. A parameter used twice is named once. */
  *namedParameters(prefix = '', seen = new Set<Parameter>()): Generator<[path: string, parameter: Parameter]> {
    for (const [name, value] of Object.entries(this)) {
      if (value instanceof Parameter && !seen.has(value)) {
        seen.add(value);
        yield [prefix + name, value];
      }
    }
    for (const [name, child] of this.namedChildren()) yield* child.namedParameters(`${prefix}${name}.`, seen);
  }

  /** Every module below this one with its path, itself first under the empty path. */
  *namedModules(prefix = ''): Generator<[path: string, module: Module]> {
    yield [prefix, this];
    for (const [name, child] of this.namedChildren()) {
      yield* child.namedModules(prefix === '' ? name : `${prefix}.${name}`);
    }
  }

  parameters(): Parameter[] {
    return Array.from(this.namedParameters(), ([, parameter]) => parameter);
  }

  /** Number of weights; shared ones count once. */
  parameterCount(): number {
    return this.parameters().reduce((sum, parameter) => sum + parameter.numel, 0);
  }

  /** Switches dropout on (`train()`) or off (`train(false)`, `eval()`). */
  train(mode = true): this {
    for (const [, module] of this.namedModules()) module.training = mode;
    return this;
  }
  eval(): this {
    return this.train(false);
  }

  /** Moves every parameter to a device and/or element type, in place. */
  to(target: { device?: Device; dtype?: DType }): this {
    for (const parameter of this.parameters()) {
      const moved = parameter.to(target);
      if (moved !== parameter) parameter.replace(moved);
    }
    return this;
  }

  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.grad = undefined;
  }

  /** Frees the memory of every parameter, and what modules below keep besides. */
  dispose(): void {
    for (const value of Object.values(this)) if (value instanceof Parameter) value.dispose();
    for (const [, child] of this.namedChildren()) child.dispose();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}
