/** What was said is forgotten, on request or when its time is over; which weights had learnt from it is told. */
import { ALIASES, type Registry } from './registry/registry.ts';
import type { FeedbackStore } from './store/store.ts';
import type { Deletion } from './store/stored.ts';

export interface Forgotten {
  answers: number;
  judgements: number;
  /** Revisions that had learnt from some of it. */
  revisions: string[];
  /** Those of them that a link names: they answer now, are tried, or would answer after a rollback. */
  inUse: string[];
}

export function forgetFeedback(store: FeedbackStore, registry: Registry | undefined, what: Deletion): Forgotten {
  return told(store, registry, store.delete(what), 'deleted');
}

export function forgetExpired(store: FeedbackStore, registry: Registry | undefined, now?: number): Forgotten {
  return told(store, registry, store.expire(now), 'expired');
}

function told(
  store: FeedbackStore,
  registry: Registry | undefined,
  { answers, judgements }: { answers: number; judgements: string[] },
  kind: string,
): Forgotten {
  const forgotten = { answers, judgements: judgements.length, ...learntFrom(store, registry, judgements) };
  if (answers + judgements.length > 0) store.event(kind, { ...forgotten, ids: judgements });
  return forgotten;
}

/** Revisions that have learnt from some of these judgements, and those of them that a link names. */
export function learntFrom(
  store: FeedbackStore,
  registry: Registry | undefined,
  judgements: readonly string[],
): Pick<Forgotten, 'revisions' | 'inUse'> {
  const learnt = store.database.prepare('SELECT revision FROM learnt WHERE judgement = ?').pluck();
  const direct = new Set(judgements.flatMap(id => learnt.all(id) as string[]));
  // What goes on from a revision has learnt what that one had.
  const revisions = registry?.revisions() ?? [];
  for (const { id, parent } of revisions) if (parent !== undefined && direct.has(parent)) direct.add(id);
  const links = ALIASES.flatMap(name => registry?.alias(name) ?? []);
  return { revisions: [...direct], inUse: [...new Set(links)].filter(id => direct.has(id)) };
}
