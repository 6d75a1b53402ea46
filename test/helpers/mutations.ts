/** Seeded damage to files: bytes cut, flipped, moved; JSON with wrong types, enormous sizes, other names; texts with pieces moved. */
import type { Random } from '../../src/support/random.ts';

export const pick = <T>(random: Random, items: readonly T[]): T => items[random.below(items.length)];

/** Damages bytes, mostly near the beginning and the end, where formats keep what describes the rest. */
export function mutateBytes(original: Buffer, random: Random): { bytes: Buffer; what: string } {
  const bytes = Buffer.from(original);
  const somewhere = (): number => {
    const zone = Math.min(bytes.length, pick(random, [16, 200, 3000, bytes.length]));
    return random.next() < 0.3 ? bytes.length - 1 - random.below(zone) : random.below(zone);
  };
  const at = somewhere();
  const length = 1 + random.below(pick(random, [1, 8, 100, bytes.length]));
  const how = pick(random, [
    'cut',
    'flip',
    'set',
    'digit',
    'remove',
    'repeat',
    'number',
    'number',
    'zero',
    'move',
    'grow',
  ]);
  const what = `${how} ${length} at ${at}`;
  switch (how) {
    case 'cut':
      return { what, bytes: bytes.subarray(0, at) };
    case 'flip':
      bytes[at] ^= 1 << random.below(8);
      return { what, bytes };
    case 'set':
      bytes[at] = random.below(256);
      return { what, bytes };
    case 'digit': {
      // Sizes and offsets in text: another digit where there is one.
      const digit = bytes.findIndex((byte, i) => i >= at && byte >= 48 && byte < 58);
      if (digit >= 0) bytes[digit] = 48 + random.below(10);
      return { what, bytes };
    }
    case 'remove':
      return { what, bytes: Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]) };
    case 'repeat':
      return { what, bytes: Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]) };
    case 'number': {
      const number = Buffer.alloc(8);
      number.writeBigUInt64LE(
        pick(random, [2n ** 64n - 1n, 2n ** 63n, 2n ** 53n, 2n ** 40n, 2n ** 32n - 1n, 2n ** 31n, 0n]),
      );
      number.copy(bytes, at, 0, pick(random, [1, 2, 4, 8]));
      return { what, bytes };
    }
    case 'zero':
      return { what, bytes: bytes.fill(0, at, Math.min(bytes.length, at + length)) };
    case 'move':
      bytes.copy(bytes, somewhere(), at, at + length);
      return { what, bytes };
    default:
      return { what, bytes: Buffer.concat([bytes, Buffer.alloc(length, random.below(256))]) };
  }
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const values: Json[] = [
  ...[null, true, false, 0, -1, 1, 2, 0.5, 7, 100, 1e4, 1e6, 2 ** 31, 1e10, 2 ** 53, 1e18, 1e308, -1e18],
  ...['', 'x', '1', 'model.safetensors', '../model.safetensors', 'F32', 'F99', '__proto__'],
  ...[[], [0], [[]], [0, 0], [0, 8], [1e15], [2 ** 40, 2 ** 40], {}, { a: 1 }, { __proto__: null }],
];

/** Every place of a value below `json`. */
function places(json: Json): { holder: Record<string, Json>; key: string }[] {
  if (typeof json !== 'object' || json === null) return [];
  const holder = json as Record<string, Json>;
  return Object.keys(holder).flatMap(key => [{ holder, key }, ...places(holder[key])]);
}

/** Damages a JSON text without making it anything but JSON. */
export function mutateJson(text: string, random: Random): { text: string; what: string } {
  const root: Record<string, Json> = { root: JSON.parse(text) };
  const { holder, key } = pick(random, places(root));
  const other = pick(random, places(root));
  const how = pick(random, ['replace', 'replace', 'replace', 'scale', 'scale', 'remove', 'copy', 'rename', 'add']);
  const value = pick(random, values);
  const what = `${how} ${key} (${JSON.stringify(value)}, ${other.key})`;
  const old = holder[key];
  if (how === 'replace') holder[key] = value;
  else if (how === 'scale')
    holder[key] = typeof old === 'number' ? old * pick(random, [-1, 2, 3, 1000, 1e6, 1e9, 1e12]) : value;
  else if (how === 'remove') delete holder[key];
  else if (how === 'copy') holder[key] = structuredClone(other.holder[other.key]);
  else if (how === 'rename') {
    delete holder[key];
    const name = pick(random, ['x', '', `${key}s`, other.key, '__proto__ ']);
    // Of a list it is no name but how many there are.
    holder[Array.isArray(holder) && name === 'length' ? 'x' : name] = old;
  } else holder[pick(random, ['x', 'n_layer', 'weight_map', '__metadata__'])] = value;
  return { what, text: JSON.stringify(root.root ?? null) };
}

/** The same of a file. */
export function mutateJsonFile(original: Buffer, random: Random): { bytes: Buffer; what: string } {
  const { text, what } = mutateJson(original.toString(), random);
  return { bytes: Buffer.from(text), what };
}

/** Damages the header of a safetensors file and keeps its data: other types, shapes, places, overlaps. */
export function mutateHeader(original: Buffer, random: Random): { bytes: Buffer; what: string } {
  const length = Number(original.readBigUInt64LE());
  const { text, what } = mutateJson(original.subarray(8, 8 + length).toString(), random);
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
  return { what, bytes: Buffer.concat([start, Buffer.from(text), original.subarray(8 + length)]) };
}

/** Damages a text piece by piece: words and signs removed, repeated, moved, and others of its language put among them. */
export const mutateText =
  (words: readonly string[]) =>
  (original: Buffer, random: Random): { bytes: Buffer; what: string } => {
    const pieces = original.toString().match(/\w+|\s+|[^\w\s]/gu) ?? [];
    const done: string[] = [];
    for (let left = 1 + random.below(3); left > 0; left--) {
      const [at, other] = [random.below(pieces.length + 1), random.below(pieces.length + 1)];
      const how = pick(random, ['remove', 'repeat', 'move', 'put', 'put', 'replace', 'cut', 'many']);
      const word = pick(random, words);
      done.push(`${how} ${JSON.stringify(word)} at ${at} (${other})`);
      if (how === 'remove') pieces.splice(at, 1 + random.below(3));
      else if (how === 'repeat') pieces.splice(at, 0, ...pieces.slice(at, at + 1 + random.below(8)));
      else if (how === 'move') pieces.splice(other, 0, ...pieces.splice(at, 1 + random.below(4)));
      else if (how === 'put') pieces.splice(at, 0, word);
      else if (how === 'replace') pieces.splice(at, 1, word);
      else if (how === 'cut') pieces.length = Math.min(pieces.length, at);
      else pieces.splice(at, 0, word.repeat(pick(random, [10, 100, 3000])));
    }
    return { bytes: Buffer.from(pieces.join('')), what: done.join(', ') };
  };
