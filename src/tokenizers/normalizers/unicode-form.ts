/** The normalizers `NFC`, `NFD`, `NFKC` and `NFKD` of tokenizer.json. */
import { type AlignedText, AlignedTextBuilder } from '../aligned-text.ts';
import { bare, type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import { isOneCharacter } from '../unicode/unicode.ts';
import { alignChanges, type Change } from './changes.ts';
import { combiningClass } from './combining-class.ts';
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
/** The time that `String.normalize` takes grows with the square of the marks in a row. */
const MANY_MARKS = /\p{M}{64}/u;

/** `source` in a normal form, character by character aligned with what it was. */
export function normalizeForm(source: AlignedText, form: Form): AlignedText {
  const { text } = source;
  const builder = new AlignedTextBuilder(source);
  if (MANY_MARKS.test(text)) {
    const changes = changesOf(text, form);
    if (changes.map(({ char }) => char).join('') === text) return source;
    alignChanges(builder, text, 0, changes);
    return builder.build();
  }
  const normalized = text.normalize(form);
  if (normalized === text) return source;
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
  const decomposed: Change[] = [];
  for (const char of text) {
    let change = 0;
    for (const part of char.normalize(decomposition)) {
      decomposed.push({ char: part, change });
      change = 1;
    }
  }
  sortMarks(decomposed);
  return form.endsWith('D') ? decomposed : compose(decomposed);
}

/** The canonical order: each run of marks sorted by class, equal ones as they were. */
function sortMarks(changes: Change[]): void {
  const classOf = ({ char }: Change): number => combiningClass(char);
  for (let start = 0; start < changes.length; start++) {
    if (classOf(changes[start]) === 0) continue;
    let end = start + 1;
    while (end < changes.length && classOf(changes[end]) > 0) end++;
    if (end - start > 1) {
      const sorted = changes.slice(start, end).sort((a, b) => classOf(a) - classOf(b));
      for (const [i, change] of sorted.entries()) changes[start + i] = change;
    }
    start = end;
  }
}

function compose(sorted: readonly Change[]): Change[] {
  const composed: Change[] = [];
  let starter: Change | undefined;
  /** Class of the last mark after the starter that did not combine with it. */
  let last: number | undefined;
  for (const { char, change } of sorted) {
    const combining = combiningClass(char);
    const isBlocked = last !== undefined && (combining === 0 || combining === last);
    const whole = starter && !isBlocked ? (starter.char + char).normalize('NFC') : undefined;
    if (starter && whole !== undefined && isOneCharacter(whole)) {
      starter.char = whole;
      starter.change += change - 1;
      continue;
    }
    const next = { char, change };
    composed.push(next);
    if (combining === 0) {
      starter = next;
      last = undefined;
    } else if (starter) {
      last = combining;
    }
  }
  return composed;
}
