/** Which judgements are in which weights: those of a revision and of all that it goes on from. */
import type { FeedbackStore } from '../store/store.ts';
import type { Registry } from './registry.ts';

export interface Learnt {
  judgement: string;
  /** The revision that learnt it. */
  revision: string;
}

export function learntIn({ database }: FeedbackStore, registry: Registry, revision: string): Learnt[] {
  const judgements = database.prepare('SELECT judgement FROM learnt WHERE revision = ?').pluck();
  const parents = new Map(registry.revisions().map(({ id, parent }) => [id, parent]));
  const found: Learnt[] = [];
  for (let id: string | undefined = revision; id !== undefined; id = parents.get(id)) {
    for (const judgement of judgements.all(id) as string[]) found.push({ judgement, revision: id });
  }
  return found;
}
