import { type AlignedText, AlignedTextBuilder } from '../aligned-text.ts';
import { bare, type Factory, parseConfig } from '../config.ts';
import { alignChanges, type Change } from './changes.ts';
import type { Normalizer } from './normalizer.ts';

export type Form = 'NFC' | 'NFD' | 'NFKC' | 'NFKD';

/** The Unicode normal forms (UAX 15). */
export const createUnicodeForm =
  (form: Form): Factory<Normalizer> =>
  (config, where) => {
    parseConfig(bare(form), config, where);
    return { normalize: text => normalizeForm(text, form) };
  };

/** A character with what may combine with it: marks, and the vowels and finals of Hangul. */
const CLUSTER = /[^\p{M}\u1160-\u11ff][\p{M}\u1160-\u11ff]*|[\p{M}\u1160-\u11ff]+/gu;

/** `source` in a normal form, character by character aligned with what it was. */
export function normalizeForm(source: AlignedText, form: Form): AlignedText {
  const { text } = source;
  const normalized = text.normalize(form);
  if (normalized === text) return source;
  const builder = new AlignedTextBuilder(source);
  const clusters = text.match(CLUSTER)!;
  const areIndependent = clusters.map(cluster => cluster.normalize(form)).join('') === normalized;
  let start = 0;
  for (const cluster of areIndependent ? clusters : [text]) {
    const end = start + cluster.length;
    if (cluster === cluster.normalize(form)) builder.keep(start, end);
    else alignChanges(builder, cluster, start, changesOf(cluster, form));
    start = end;
  }
  return builder.build();
}

/** Decomposes, sorts and composes as the standard says, and keeps account of the changes. */
function changesOf(text: string, form: Form): Change[] {
  const decomposition = form.replace('C', 'D');
  const decomposed = [...text].flatMap(char =>
    [...char.normalize(decomposition)].map((part, i): Change => ({ char: part, change: i === 0 ? 0 : 1 })),
  );
  const sorted = sortLike(decomposed, [...text.normalize(decomposition)]);
  return form.endsWith('D') ? sorted : compose(sorted);
}

/** The canonical order, which is a stable sort: equal characters stay in order. */
function sortLike(changes: readonly Change[], order: readonly string[]): Change[] {
  const waiting = new Map<string, Change[]>();
  for (const change of changes) waiting.set(change.char, [...(waiting.get(change.char) ?? []), change]);
  return order.map(char => waiting.get(char)!.shift()!);
}

function compose(sorted: readonly Change[]): Change[] {
  const composed: Change[] = [];
  let starter: Change | undefined;
  /** The last mark after the starter that did not combine with it. */
  let last: string | undefined;
  for (const { char, change } of sorted) {
    const isBlocked = last !== undefined && (!isMark(char) || isOfOneClass(last, char));
    const whole = starter && !isBlocked ? (starter.char + char).normalize('NFC') : undefined;
    if (starter && whole !== undefined && [...whole].length === 1) {
      starter.char = whole;
      starter.change += change - 1;
      continue;
    }
    const next = { char, change };
    composed.push(next);
    if (!isMark(char)) {
      starter = next;
      last = undefined;
    } else if (starter) {
      last = char;
    }
  }
  return composed;
}

/** Marks of the lowest and of the highest combining class: every other mark sorts before or after one of them. */
const LOWEST = '\u0334';
const HIGHEST = '\u0345';

/** Whether a decomposed character's combining class is not 0. */
const isMark = (char: string): boolean =>
  (char + LOWEST).normalize('NFD') !== char + LOWEST || (HIGHEST + char).normalize('NFD') !== HIGHEST + char;

/** Whether two neighbours in canonical order are of one combining class: turned round, they stay so. */
const isOfOneClass = (first: string, second: string): boolean => (second + first).normalize('NFD') === second + first;
