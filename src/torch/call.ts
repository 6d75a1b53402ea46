/**
 * Calls of libtorch's operators: the arguments are written into the shared buffer as the operator's schema says, the
 * results read from there. `native/codec.h` is the other side.
 */
import { dtypeCode } from './dtype.ts';
import { Generator } from './generator.ts';
import { isTensor, tensorOf } from './handle.ts';
import { buffer, native, type OperatorInfo } from './native.ts';
import { type Operator, TorchError } from './operator.ts';
import type { Tensor } from './tensor.ts';

const Tag = {
  none: 0,
  tensor: 1,
  int: 2,
  float: 3,
  bool: 4,
  ints: 5,
  floats: 6,
  bools: 7,
  tensors: 8,
  string: 9,
  generator: 10,
  default: 11,
} as const;

const memoryFormats: Record<string, number> = { contiguous: 0, preserve: 1, channelsLast: 2 };

/**
 * Calls an operator. `undefined` means the schema's default. In-place operators return their own argument.
 * Throws `TorchError` with the operator, the arguments' shapes and libtorch's message.
 */
export function call(op: Operator, values: readonly unknown[]): unknown {
  const info = op.info ?? op.resolve();
  let at = 0;
  for (let i = 0; i < info.kinds.length; i++) {
    const position = op.positions[i];
    at = encode(op, i, position < 0 ? undefined : values[position], at);
  }
  const inPlace = info.returnsArgument >= 0;
  try {
    native().call(info.id, inPlace);
  } catch (error) {
    throw explain(op, info, values, error);
  }
  if (inPlace) {
    const self = values[op.positions[info.returnsArgument]] as Tensor;
    self.forgetMetadata();
    return self;
  }
  if (info.returns === 0) return undefined;
  cursor = 0;
  if (info.returns === 1) return decode();
  const results = new Array<unknown>(info.returns);
  for (let i = 0; i < info.returns; i++) results[i] = decode();
  return results;
}

const isInt = (value: number): boolean => Number.isSafeInteger(value) && !Object.is(value, -0);

/** Writes one value as the schema's kind of argument asks, and nothing that this kind does not take. */
function encode(op: Operator, index: number, value: unknown, at: number): number {
  if (value === undefined) {
    buffer[at] = Tag.default;
    return at + 1;
  }
  if (value === null) {
    buffer[at] = Tag.none;
    return at + 1;
  }
  const kind = op.info!.kinds[index];
  if (kind === 'Tensor' && isTensor(value)) {
    buffer[at] = Tag.tensor;
    buffer[at + 1] = handleOf(op, index, value);
    return at + 2;
  }
  if (kind.endsWith('[]')) {
    // One element may stand for a list of one.
    return encodeList(op, index, Array.isArray(value) ? value : [value], kind.slice(0, -2), at);
  }
  if (typeof value === 'string') return encodeString(op, index, value, kind, at);
  const tag = scalarTag(value, kind);
  if (tag === undefined) throw mismatch(op, index, value);
  buffer[at] = tag;
  buffer[at + 1] = value instanceof Generator ? value.live() : Number(value);
  return at + 2;
}

function scalarTag(value: unknown, kind: string): number | undefined {
  if (typeof value === 'number') {
    if (kind === 'int') return Number.isSafeInteger(value) ? Tag.int : undefined;
    if (kind === 'float') return Tag.float;
    // A number in a tensor's place, or a scalar: integer or float by its value.
    if (kind === 'Tensor' || kind === 'Scalar') return isInt(value) ? Tag.int : Tag.float;
    return undefined;
  }
  if (typeof value === 'boolean') return kind === 'bool' || kind === 'Scalar' ? Tag.bool : undefined;
  return kind === 'Generator' && value instanceof Generator ? Tag.generator : undefined;
}

const interned = new Map<string, number>();

/** Strings are names of element types, memory formats or devices, or plain text, as the schema says. */
function encodeString(op: Operator, index: number, value: string, kind: string, at: number): number {
  if (kind === 'int') {
    const code = dtypeCode(value) ?? memoryFormats[value];
    if (code === undefined) throw mismatch(op, index, value);
    buffer[at] = Tag.int;
    buffer[at + 1] = code;
    return at + 2;
  }
  if (kind !== 'str' && kind !== 'Device') throw mismatch(op, index, value);
  let id = interned.get(value);
  if (id === undefined) {
    id = native().internString(value);
    interned.set(value, id);
  }
  buffer[at] = Tag.string;
  buffer[at + 1] = id;
  return at + 2;
}

const listTags: Record<string, number> = {
  Tensor: Tag.tensors,
  int: Tag.ints,
  float: Tag.floats,
  bool: Tag.bools,
};

function encodeList(op: Operator, index: number, values: readonly unknown[], kind: string, at: number): number {
  // A list of scalars is written as integers or floats by what is in it.
  const allInts = kind === 'Scalar' && values.every(v => typeof v === 'number' && isInt(v));
  const tag = kind === 'Scalar' ? (allInts ? Tag.ints : Tag.floats) : listTags[kind];
  if (tag === undefined) throw mismatch(op, index, values);
  if (at + 2 + values.length > buffer.length) throw new TorchError(op.name, `${op.name}: too many arguments`);
  buffer[at++] = tag;
  buffer[at++] = values.length;
  for (const value of values) {
    if (kind === 'Tensor' && isTensor(value)) buffer[at++] = handleOf(op, index, value);
    else if (kind === 'Tensor' && value === null) buffer[at++] = -1;
    else if (kind !== 'Tensor' && isElement(value, kind)) buffer[at++] = Number(value);
    else throw mismatch(op, index, values);
  }
  return at;
}

function isElement(value: unknown, kind: string): boolean {
  if (kind === 'bool') return typeof value === 'boolean';
  return typeof value === 'number' && (kind !== 'int' || Number.isSafeInteger(value));
}

function handleOf(op: Operator, index: number, tensor: Tensor): number {
  if (tensor.handle >= 0) return tensor.handle;
  throw new TorchError(
    op.name,
    `${op.name}: argument '${op.info!.names[index]}' was freed already: return it from its scope, or keep() it`,
  );
}

function mismatch(op: Operator, index: number, value: unknown): TorchError {
  const { names, kinds, schema } = op.info!;
  const given = isTensor(value) || Array.isArray(value) ? show(value) : `${typeof value} ${String(value)}`;
  return new TorchError(
    op.name,
    `${op.name}: argument '${names[index]}' takes ${kinds[index]}, not ${given}: ${schema}`,
  );
}

let cursor = 0;

function decode(): unknown {
  const tag = buffer[cursor++];
  switch (tag) {
    case Tag.none:
      return undefined;
    case Tag.tensor:
      return tensorOf(buffer[cursor++]);
    case Tag.int:
    case Tag.float:
      return buffer[cursor++];
    case Tag.bool:
      return buffer[cursor++] !== 0;
    default: {
      const values = buffer.slice(cursor + 1, cursor + 1 + buffer[cursor]);
      cursor += 1 + values.length;
      if (tag === Tag.ints) return Array.from(values);
      return Array.from(values, handle => (handle < 0 ? undefined : tensorOf(handle)));
    }
  }
}

function explain(op: Operator, info: OperatorInfo, values: readonly unknown[], error: unknown): TorchError {
  const shown = info.names
    .map((name, i) => [name, op.positions[i] < 0 ? undefined : values[op.positions[i]]] as const)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${show(value)}`);
  const message = error instanceof Error ? error.message.split('\nException raised')[0].trim() : String(error);
  return new TorchError(op.name, `${op.name}(${shown.join(', ')}): ${message}`, error);
}

function show(value: unknown): string {
  if (isTensor(value)) return value.describe();
  if (Array.isArray(value)) {
    const items = value.slice(0, 8).map(show);
    return `[${items.join(', ')}${value.length > 8 ? `, … ${value.length} in all` : ''}]`;
  }
  return typeof value === 'string' ? `'${value}'` : String(value);
}
