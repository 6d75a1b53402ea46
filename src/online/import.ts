/** Rows from elsewhere as judgements: an answer for each, scrubbed as all answers are, and what is said of it. */
import { createHash } from 'node:crypto';
import { readRows } from '../data/rows/read-rows.ts';
import type { Said } from '../data/rows/rows.ts';
import { createScrubber, scrubSaid } from './scrub/scrub.ts';
import { ownPatterns, readSettings } from './settings.ts';
import type { FeedbackStore } from './store/store.ts';

export interface ImportOptions {
  rows: 'preference' | 'feedback';
  user: string;
}

const DAY = 86_400_000;

/** Rows that are there already are passed over. All of them come in, or none. */
export async function importRows(
  store: FeedbackStore,
  files: readonly string[],
  { rows: kind, user }: ImportOptions,
): Promise<{ judgements: number; known: number }> {
  const settings = readSettings(store.folder);
  const scrub = createScrubber(store.keyed, { ...settings.scrub, patterns: ownPatterns(settings) });
  const { length, row } = await readRows(kind, files);
  const whose = store.keyed.user(user);
  const created = Date.now();
  const counts = { judgements: 0, known: 0 };
  store.database
    .transaction(() => {
      for (let i = 0; i < length; i++) {
        const one = row(i);
        const texts = 'chosen' in one ? [one.chosen, one.rejected] : [one.completion];
        const id = `row-${createHash('sha256')
          .update(JSON.stringify([user, one]))
          .digest('hex')
          .slice(0, 24)}`;
        if (store.answer(id)) {
          counts.known++;
          continue;
        }
        store.addAnswer({
          id,
          created,
          model: 'import',
          revision: 'import',
          user: whose,
          prompt: scrubSaid(one.prompt, scrub),
          choices: texts.map((said, position) => ({ position, text: scrub(textOf(said)), finish: 'stop' })),
          ...(settings.retentionDays > 0 && { expires: created + settings.retentionDays * DAY }),
        });
        const value =
          'label' in one
            ? ({ kind: 'thumb', thumb: one.label ? 'up' : 'down' } as const)
            : ({ kind: 'choice' } as const);
        store.addJudgement({ answer: id, position: 0, user: whose, value });
        counts.judgements++;
      }
      store.countScrubbed(scrub.take());
    })
    .immediate();
  return counts;
}

const textOf = (said: Said): string => (typeof said === 'string' ? said : String(said.at(-1)?.content ?? ''));
