/** Judgements as rows that `finetune`, `train` and TRL read. */
import { type LessonKind, lessonsOf } from './lessons/lessons.ts';
import { readSettings } from './settings.ts';
import type { FeedbackStore } from './store/store.ts';

export const rowKinds = ['instruction', 'preference', 'feedback', 'labelled'] as const satisfies readonly LessonKind[];

/** Of what is learnt from: of a service whose judgements are reviewed, of those that were accepted. */
export const exportRows = (store: FeedbackStore, kind: LessonKind): object[] =>
  lessonsOf(store, readSettings(store.folder)).flatMap(lesson => (lesson.kind === kind ? [lesson.row] : []));
