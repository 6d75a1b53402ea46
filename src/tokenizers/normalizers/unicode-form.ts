import { type AlignedText, AlignedTextBuilder } from '../aligned-text.ts';
import { bare, type Factory, parseConfig } from '../config.ts';
import type { Normalizer } from './normalizer.ts';

/** The Unicode normal forms NFC, NFD, NFKC and NFKD (UAX 15). */
export const createUnicodeForm =
  (form: 'NFC' | 'NFD' | 'NFKC' | 'NFKD'): Factory<Normalizer> =>
  (config, where) => {
    parseConfig(bare(form), config, where);
    return { normalize: text => normalizeForm(text, form) };
  };

/** A character with what combines with it: marks, and the vowels and finals of Hangul. */
const CLUSTER = /[^\p{M}\u1160-\u11ff][\p{M}\u1160-\u11ff]*|[\p{M}\u1160-\u11ff]+/gu;

export function normalizeForm(source: AlignedText, form: string): AlignedText {
  const { text } = source;
  const normalized = text.normalize(form);
  if (normalized === text) return source;
  const clusters = text.match(CLUSTER)!;
  const forms = clusters.map(cluster => cluster.normalize(form));
  const builder = new AlignedTextBuilder(source);
  if (forms.join('') !== normalized) {
    builder.put(normalized, 0, text.length);
    return builder.build();
  }
  let index = 0;
  for (const [i, cluster] of clusters.entries()) {
    alignCluster(builder, index, [...cluster], [...forms[i]]);
    index += cluster.length;
  }
  return builder.build();
}

/**
 * As Hugging Face aligns: a composed character stands where the first of its parts stood, the characters of a
 * decomposition all stand where the composed one did.
 */
function alignCluster(builder: AlignedTextBuilder, start: number, from: string[], to: string[]): void {
  const removed = Math.max(0, from.length - to.length);
  let index = start;
  let end = start;
  for (const [i, char] of to.entries()) {
    const source = i === 0 ? 0 : i + removed;
    if (source < from.length) {
      index = end;
      builder.put(char, index, index + from[source].length);
      end = index + from[source].length;
      if (i === 0) for (let skipped = 1; skipped <= removed; skipped++) end += from[skipped].length;
      else index = end - from[source].length;
    } else {
      builder.put(char, index, end);
    }
  }
}
