/** Operators of libtorch by name. `call.ts` calls them. */
import { native, type OperatorInfo } from './native.ts';

/** An error inside libtorch, with the operator and what it was given. */
export class TorchError extends Error {
  readonly operator: string;
  constructor(operator: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'TorchError';
    this.operator = operator;
  }
}

/** An operator by its full name, `aten::add.Tensor`. Nothing is looked up before its first call. */
export class Operator {
  readonly name: string;
  /** Argument names in the order in which calls pass them; libtorch versions may order or add others. */
  readonly parameters: readonly string[] | undefined;
  info: OperatorInfo | undefined;
  /** For each argument of the schema, the position of its value in a call, -1 when calls do not pass it. */
  positions: number[] = [];

  constructor(name: string, parameters?: readonly string[]) {
    this.name = name;
    this.parameters = parameters;
  }

  resolve(): OperatorInfo {
    if (this.info) return this.info;
    const [base, overload = ''] = this.name.split('.');
    const info = native().resolveOperator(base, overload);
    if (!info)
      throw new TorchError(this.name, `libtorch ${native().runtimeInfo().version} has no operator ${this.name}`);
    this.positions = info.names.map((name, i) => (this.parameters ? this.parameters.indexOf(name) : i));
    const lost = this.parameters?.filter(name => !info.names.includes(name)) ?? [];
    if (lost.length > 0) throw new TorchError(this.name, `${info.schema} takes no argument '${lost[0]}'`);
    this.info = info;
    return info;
  }
}

/** Declares an operator; see `Operator`. */
export const operator = (name: string, parameters?: readonly string[]): Operator => new Operator(name, parameters);

/** True when the libtorch at hand knows the operator. */
export function hasOperator(name: string): boolean {
  const [base, overload = ''] = name.split('.');
  return native().resolveOperator(base, overload) !== undefined;
}
