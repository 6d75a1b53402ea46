/**
 * Which lessons an update learns from, and how much each counts: a part of the prompts is held out for the gate, what a person says
 * twice counts once, contradictions cancel, nobody has more than a share, and what is old counts less.
 */
import type { Lesson } from './lessons.ts';

export interface SelectOptions {
  /** Share of the prompts that is held out. */
  heldOut: number;
  /** Most that one person may contribute, as a share, where there are enough people. */
  userShare: number;
  /** Days after which a lesson counts half; 0: never. */
  halfLifeDays: number;
  /** 12 hexadecimal digits of a text: decides which prompts are held out, always the same ones. */
  digest(text: string): string;
  now?: number;
}

export interface Selection {
  training: Lesson[];
  heldOut: Lesson[];
  /** What each of `training` counts, from 0 to 1. */
  weights: number[];
  /** (Σ w)² / Σ w²: as many lessons of equal weight would say as much (Kish 1965). */
  effective: number;
  dropped: { duplicates: number; contradictions: number; overShare: number };
}

const DAY = 86_400_000;

export function selectLessons(lessons: readonly Lesson[], options: SelectOptions): Selection {
  const { digest, heldOut: share, now = Date.now(), halfLifeDays } = options;
  const unique = withoutDuplicates(lessons);
  const agreed = withoutContradictions(unique);
  const isHeldOut = ({ prompt }: Lesson): boolean =>
    Number.parseInt(digest(`held out\n${prompt}`), 16) / 2 ** 48 < share;
  const [heldOut, open] = [agreed.filter(isHeldOut), agreed.filter(one => !isHeldOut(one))];
  const training = withinShare(open, options.userShare);
  const weights = training.map(({ created, weight }) =>
    halfLifeDays === 0 ? weight : weight * 0.5 ** (Math.max(0, now - created) / DAY / halfLifeDays),
  );
  const sum = weights.reduce((a, b) => a + b, 0);
  return {
    training,
    heldOut: withinShare(heldOut, options.userShare),
    weights,
    effective: sum === 0 ? 0 : sum ** 2 / weights.reduce((a, b) => a + b * b, 0),
    dropped: {
      duplicates: lessons.length - unique.length,
      contradictions: unique.length - agreed.length,
      overShare: open.length - training.length,
    },
  };
}

const keyOf = ({ kind, row }: Lesson): string => `${kind}\n${JSON.stringify(row)}`;

/** The last one of what a person said several times. */
function withoutDuplicates(lessons: readonly Lesson[]): Lesson[] {
  const last = new Map(lessons.map(lesson => [`${lesson.user}\n${keyOf(lesson)}`, lesson]));
  return [...last.values()];
}

/** Of opposite judgements of the same thing the majority's are kept; of as many on both sides none. */
function withoutContradictions(lessons: readonly Lesson[]): Lesson[] {
  const balance = new Map<string, number>();
  const sided = lessons.map(lesson => ({ lesson, ...sideOf(lesson) }));
  for (const { subject, side, lesson } of sided) {
    balance.set(subject, (balance.get(subject) ?? 0) + side * lesson.weight);
  }
  return sided
    .filter(({ subject, side }) => side === 0 || side * balance.get(subject)! > 0)
    .map(({ lesson }) => lesson);
}

/** What a lesson is about, and on which side it is. */
function sideOf(lesson: Lesson): { subject: string; side: -1 | 0 | 1 } {
  if (lesson.kind === 'feedback') {
    const { label, ...rest } = lesson.row;
    return { subject: `feedback\n${JSON.stringify(rest)}`, side: label ? 1 : -1 };
  }
  if (lesson.kind === 'preference') {
    const [chosen, rejected] = [lesson.row.chosen, lesson.row.rejected].map(said => JSON.stringify(said));
    const isFirst = chosen < rejected;
    const pair = isFirst ? [chosen, rejected] : [rejected, chosen];
    return { subject: `preference\n${lesson.prompt}\n${pair.join('\n')}`, side: isFirst ? 1 : -1 };
  }
  return { subject: keyOf(lesson), side: 0 };
}

/** The newest lessons of each person, no more than a share of what is left; with few people the share is larger. */
export function withinShare(lessons: readonly Lesson[], userShare: number): Lesson[] {
  const counts = new Map<string, number>();
  for (const { user } of lessons) counts.set(user, (counts.get(user) ?? 0) + 1);
  const share = Math.max(userShare, 1.5 / counts.size);
  let most = Math.max(0, ...counts.values());
  const total = (): number => [...counts.values()].reduce((sum, count) => sum + Math.min(count, most), 0);
  while (most > 1 && most > share * total()) most--;
  const taken = new Map<string, number>();
  return lessons
    .toReversed()
    .filter(({ user }) => {
      taken.set(user, (taken.get(user) ?? 0) + 1);
      return taken.get(user)! <= most;
    })
    .reverse();
}
