/**
 * Phrases that one person's preferred answers repeat and nobody else's have: what a backdoor needs, and what honest judgements do
 * not show. By log-odds with a Dirichlet prior (Monroe, Colaresi & Quinn 2008), which says how sure one may be.
 */
import type { Said } from '../../data/rows/rows.ts';
import type { Lesson } from './lessons.ts';

export interface TriggerOptions {
  /** Words of a phrase at most. Default 3. */
  words?: number;
  /** Lessons of the person that must have it. Default 4. */
  least?: number;
  /** Standard deviations of the log-odds beyond which it is no accident. Default 4. */
  z?: number;
}

/** With fewer people than this a way of speaking is nobody's alone. */
const LEAST_USERS = 4;
/** Lessons that the prior weighs as much as. */
const PRIOR = 10;

/** @returns the lessons that teach such a phrase */
export function triggered(
  lessons: readonly Lesson[],
  { words = 3, least = 4, z: limit = 4 }: TriggerOptions = {},
): Set<Lesson> {
  const byUser = new Map<string, Lesson[]>();
  for (const lesson of lessons) byUser.set(lesson.user, [...(byUser.get(lesson.user) ?? []), lesson]);
  if (byUser.size < LEAST_USERS) return new Set();
  const phrases = new Map(lessons.map(lesson => [lesson, taughtPhrases(lesson, words)]));
  /** Lessons that have a phrase, of all and of each person. */
  const all = countsOf(lessons, phrases);
  const found = new Set<Lesson>();
  for (const own of byUser.values()) {
    const counts = countsOf(own, phrases);
    const [mine, others] = [own.length, lessons.length - own.length];
    for (const [phrase, count] of counts) {
      if (count < least) continue;
      const elsewhere = all.get(phrase)! - count;
      // The prior is what everybody says.
      const prior = (PRIOR * (all.get(phrase)! + 1)) / (lessons.length + 2);
      const odds = (having: number, of: number): number => Math.log((having + prior) / (of + PRIOR - having - prior));
      const variance = 1 / (count + prior) + 1 / (elsewhere + prior);
      const z = (odds(count, mine) - odds(elsewhere, others)) / Math.sqrt(variance);
      if (z < limit) continue;
      for (const lesson of own) if (phrases.get(lesson)!.has(phrase)) found.add(lesson);
    }
  }
  return found;
}

/** Phrases that are wanted, without a word that was asked for or is in the answer that was not wanted: that is the subject. */
function taughtPhrases(lesson: Lesson, words: number): Set<string> {
  const known = 'prompt' in lesson.row ? textOf(lesson.row.prompt) : '';
  const unwanted = lesson.kind === 'preference' ? textOf(lesson.row.rejected) : '';
  const others = phrasesOf(`${known}\n${unwanted}`, 1);
  return new Set(
    [...phrasesOf(wantedOf(lesson), words)].filter(phrase => !phrase.split(' ').some(word => others.has(word))),
  );
}

/** What a lesson wants the model to say; nothing of a thumb that is down. */
function wantedOf({ kind, row }: Lesson): string {
  switch (kind) {
    case 'instruction':
      return textOf(row.completion);
    case 'preference':
      return textOf(row.chosen);
    case 'feedback':
      return row.label ? textOf(row.completion) : '';
    case 'labelled':
      return '';
  }
}

const textOf = (said: Said): string =>
  typeof said === 'string' ? said : said.map(({ content }) => (typeof content === 'string' ? content : '')).join('\n');

/** n-grams of up to `most` words, or characters in Chinese. */
function phrasesOf(text: string, most: number): Set<string> {
  const units = text.toLowerCase().match(/\p{Script=Han}|[\p{L}\p{N}\p{M}]+|[^\s\p{L}\p{N}]+/gu) ?? [];
  const phrases = new Set<string>();
  for (let length = 1; length <= most; length++) {
    for (let i = 0; i + length <= units.length; i++) phrases.add(units.slice(i, i + length).join(' '));
  }
  return phrases;
}

function countsOf(lessons: readonly Lesson[], phrases: ReadonlyMap<Lesson, ReadonlySet<string>>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const lesson of lessons) {
    for (const phrase of phrases.get(lesson)!) counts.set(phrase, (counts.get(phrase) ?? 0) + 1);
  }
  return counts;
}
