/** Judgements as rows that `finetune`, `train` and TRL read. */
import { type LessonKind, lessonsOf } from './lessons/lessons.ts';
import type { FeedbackStore } from './store/store.ts';

export const rowKinds = ['instruction', 'preference', 'feedback', 'labelled'] as const satisfies readonly LessonKind[];

export const exportRows = (store: Pick<FeedbackStore, 'judgements' | 'answer'>, kind: LessonKind): object[] =>
  lessonsOf(store).flatMap(lesson => (lesson.kind === kind ? [lesson.row] : []));
