/**
 * The header of a safetensors file: eight bytes with its length, then JSON with element type, shape and place of each
 * tensor. Everything a file says is checked before any of it is used.
 * Format: github.com/huggingface/safetensors, README "Format".
 */
import { UserError } from '../../support/errors.ts';
import { isShape, numelOf, type StoredTensor, storedTypes } from '../stored.ts';

export interface TensorEntry extends StoredTensor {
  /** Byte range in the data section. */
  begin: number;
  end: number;
}

export interface Header {
  entries: Map<string, TensorEntry>;
  metadata: Record<string, string>;
  /** Where the data section starts in the file. */
  dataStart: number;
}

/** Larger headers are refused, as the reference implementation does. */
const MAX_HEADER = 100_000_000;

/** @throws UserError that names the file and the tensor when the header is cut, malformed or contradicts the file */
export function parseHeader(bytes: Uint8Array, path: string): Header {
  const fail = (what: string): UserError =>
    new UserError('TSLM_BAD_SAFETENSORS', `${path}: ${what}`, {
      hint: 'the file is damaged or not safetensors: fetch or save it again',
    });
  if (bytes.length < 8) throw fail(`only ${bytes.length} bytes, too short for a safetensors header`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > MAX_HEADER) throw fail(`the header claims ${length} bytes, more than the limit of ${MAX_HEADER}`);
  if (8 + length > bytes.length) throw fail(`the header claims ${length} bytes, the file has ${bytes.length}`);
  const parsed = parseJson(bytes.subarray(8, 8 + length), fail);

  const dataStart = 8 + length;
  const dataLength = bytes.length - dataStart;
  const entries = new Map<string, TensorEntry>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(parsed)) {
    if (name === '__metadata__') {
      metadata = parseMetadata(value, fail);
    } else {
      entries.set(name, parseEntry(name, value, dataLength, fail));
    }
  }
  checkLayout(entries, dataLength, fail);
  if (hasFraction(bytes.subarray(8, dataStart)))
    throw fail('the header has numbers that are not written as whole ones');
  return { entries, metadata, dataStart };
}

type Fail = (what: string) => UserError;

function parseJson(bytes: Uint8Array, fail: Fail): object {
  let text: string;
  let parsed: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    parsed = JSON.parse(text);
  } catch {
    throw fail('the header is not JSON');
  }
  if (!isObject(parsed)) throw fail('the header is no JSON object');
  // JSON.parse lets the last of several equal keys win: then there are more colons than keys.
  if (countColons(text) !== countKeys(parsed)) throw fail('the header has repeated or misplaced keys');
  return parsed;
}

/** Whether a number outside of strings has a fraction or an exponent, as `2.0` does: sizes and places never have. */
const hasFraction = (json: Uint8Array): boolean =>
  /\d[.eE]/.test(new TextDecoder().decode(json).replace(/"(?:[^"\\]|\\.)*"/gs, '""'));

/** Colons of a JSON text outside its strings. */
function countColons(text: string): number {
  let colons = 0;
  let isString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') isString = !isString;
    else if (!isString && character === ':') colons++;
    else if (isString && character === '\\') i++;
  }
  return colons;
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Keys of the header and of the entries in it, below which there are none. */
const countKeys = (header: object): number =>
  [header, ...Object.values(header)].reduce((sum, value) => sum + (isObject(value) ? Object.keys(value).length : 0), 0);

function parseMetadata(value: unknown, fail: Fail): Record<string, string> {
  const isText = isObject(value) && Object.values(value).every(v => typeof v === 'string');
  if (!isText) throw fail('__metadata__ must map strings to strings');
  return value as Record<string, string>;
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function parseEntry(name: string, value: unknown, dataLength: number, fail: Fail): TensorEntry {
  const entry = (value ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
  const stored = typeof entry.dtype === 'string' ? storedTypes.get(entry.dtype) : undefined;
  if (stored === undefined) throw fail(`tensor '${name}' has the unknown element type ${JSON.stringify(entry.dtype)}`);
  const { shape, data_offsets: offsets } = entry;
  if (!Array.isArray(shape) || !shape.every(isSize)) throw fail(`tensor '${name}' has no valid shape`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    throw fail(`tensor '${name}' has no valid data_offsets`);
  }
  const [begin, end] = offsets as [number, number];
  const size = (numelOf(shape) * stored.bits) / 8;
  if (!isShape(shape) || !Number.isInteger(size)) {
    throw fail(
      `tensor '${name}' has the impossible shape [${shape.slice(0, 8).join(', ')}${shape.length > 8 ? ', …' : ''}]`,
    );
  }
  if (end < begin || end > dataLength) {
    throw fail(`tensor '${name}' claims bytes ${begin} to ${end}, the file has ${dataLength} bytes of data`);
  }
  if (end - begin !== size) {
    throw fail(`tensor '${name}' is ${entry.dtype}[${shape.join(', ')}], ${size} bytes, its place has ${end - begin}`);
  }
  return { dtype: stored.dtype, stored, shape, begin, end };
}

/** The tensors must fill the data section without overlap or holes. */
function checkLayout(entries: ReadonlyMap<string, TensorEntry>, dataLength: number, fail: Fail): void {
  let position = 0;
  for (const [name, { begin, end }] of [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)) {
    if (begin < position) throw fail(`tensor '${name}' overlaps another one`);
    if (begin > position) throw fail(`there is a hole of ${begin - position} bytes before tensor '${name}'`);
    position = end;
  }
  if (position !== dataLength) throw fail(`${dataLength - position} bytes at the end belong to no tensor`);
}
