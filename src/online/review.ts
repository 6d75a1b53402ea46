/** Judgements that somebody looks at before anything is learnt from them. */
import { learntFrom } from './forget.ts';
import type { Registry } from './registry/registry.ts';
import type { FeedbackStore } from './store/store.ts';
import type { Verdict } from './store/stored.ts';

export interface Reviewed {
  verdict: Verdict;
  judgements: number;
  /** Of those that were rejected: revisions that had learnt from some of them already. */
  revisions: string[];
  /** Those of them that a link names. */
  inUse: string[];
}

/**
 * @param reviewer the name of whoever says so
 * @throws UserError when one of them is not there: nothing is changed then
 */
export function reviewJudgements(
  store: FeedbackStore,
  registry: Registry,
  ids: readonly string[],
  { verdict, reviewer }: { verdict: Verdict; reviewer: string },
): Reviewed {
  store.review(ids, verdict, store.keyed.user(reviewer));
  const learnt = verdict === 'rejected' ? learntFrom(store, registry, ids) : { revisions: [], inUse: [] };
  store.event(verdict, { judgements: ids, ...learnt });
  return { verdict, judgements: ids.length, ...learnt };
}
