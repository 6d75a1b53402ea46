/**
 * SentencePiece's compiled normalization (Kudo & Richardson 2018): a double-array trie over UTF-8 whose values are places
 * in a block of replacements that end with a zero byte.
 */
import { z } from 'zod';
import { AlignedTextBuilder } from '../aligned-text.ts';
import { type Factory, malformed, parseConfig } from '../folders/tokenizer-json.ts';
import { isPlainAscii } from '../unicode/unicode.ts';
import { alignChanges, type Change } from './changes.ts';
import { forEachGrapheme } from './graphemes.ts';
import type { Normalizer } from './normalizer.ts';

const schema = z.strictObject({ type: z.literal('Precompiled'), precompiled_charsmap: z.base64() });

/** Clusters of more bytes than this are replaced character by character. */
const LONGEST_CLUSTER = 5;

export const createPrecompiled: Factory<Normalizer> = (config, where) => {
  const { precompiled_charsmap: encoded } = parseConfig(schema, config, where);
  const replacementOf = readCharsMap(Buffer.from(encoded, 'base64'), where);
  const keepsAscii = Array.from({ length: 0x7f - 0x20 }, (_, i) => String.fromCharCode(0x20 + i)).every(
    char => replacementOf(char) === undefined,
  );
  return {
    normalize(text) {
      if (keepsAscii && isPlainAscii(text.text)) return text;
      const changes: Change[] = [];
      let isChanged = false;
      const append = (part: string): boolean => {
        const replacement = replacementOf(part);
        if (replacement === undefined) return false;
        isChanged = true;
        replace(changes, part, replacement);
        return true;
      };
      forEachGrapheme(text.text, grapheme => {
        if (Buffer.byteLength(grapheme) <= LONGEST_CLUSTER && append(grapheme)) return;
        for (const char of grapheme) if (!append(char)) changes.push({ char, change: 0 });
      });
      if (!isChanged) return text;
      const builder = new AlignedTextBuilder(text);
      alignChanges(builder, text.text, 0, changes);
      return builder.build();
    },
  };
};

/** As in the native library: what is too much comes as new characters at the end, what lacks is taken by the last one. */
function replace(changes: Change[], part: string, replacement: string): void {
  const chars = [...replacement];
  const difference = chars.length - [...part].length;
  for (const [i, char] of chars.entries()) changes.push({ char, change: i < chars.length - difference ? 0 : 1 });
  const last = changes.at(-1);
  if (difference < 0 && last) last.change += difference;
}

/** @returns what a string is replaced by, undefined where it stays: the replacement of its shortest prefix in the map */
function readCharsMap(data: Buffer, where: string): (part: string) => string | undefined {
  const trieBytes = data.length < 4 ? -1 : data.readUInt32LE(0);
  if (trieBytes < 4 || trieBytes % 4 !== 0 || 4 + trieBytes > data.length) {
    throw malformed(where, `'precompiled_charsmap' has ${data.length} bytes, which do not hold a trie`);
  }
  const units = Uint32Array.from({ length: trieBytes / 4 }, (_, i) => data.readUInt32LE(4 + 4 * i));
  const replacements = data.subarray(4 + trieBytes);
  const bytes = new Uint8Array(LONGEST_CLUSTER);
  const encoder = new TextEncoder();
  const search = (part: string): string | undefined => {
    const { written } = encoder.encodeInto(part, bytes);
    let at = offsetOf(units[0]);
    for (let i = 0; i < written && bytes[i] !== 0; i++) {
      at ^= bytes[i];
      const unit = units[at];
      if (unit === undefined || labelOf(unit) !== bytes[i]) return undefined;
      at ^= offsetOf(unit);
      if (hasLeaf(unit)) {
        const start = units[at] & 0x7fffffff;
        const end = replacements.indexOf(0, start);
        return replacements.toString('utf8', start, end < 0 ? replacements.length : end);
      }
    }
    return undefined;
  };
  const known = new Map<string, string | undefined>();
  return part => {
    if (known.has(part)) return known.get(part);
    if (known.size >= MOST_KNOWN) known.clear();
    const replacement = search(part);
    known.set(part, replacement);
    return replacement;
  };
}

const MOST_KNOWN = 10_000;

/** A unit of the array, as darts-clone packs it. */
const hasLeaf = (unit: number): boolean => ((unit >>> 8) & 1) === 1;
const labelOf = (unit: number): number => (unit & 0x800000ff) >>> 0;
const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);
