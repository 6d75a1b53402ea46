/**
 * A challenger answers a share of the people, always the same ones; the share grows as long as they do not like it less, and everybody
 * gets it in the end. The same test watches a champion that has just come. What is worse goes, without anybody asking.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeJson } from '../../support/files.ts';
import type { Registry } from '../registry/registry.ts';
import type { LearningSettings } from '../settings.ts';
import { type JudgementValue, rewardOf } from '../store/judgement.ts';
import type { FeedbackStore } from '../store/store.ts';
import { sampleOf, sequentialTest } from './sequential.ts';

export interface CanaryState {
  challenger: string;
  stage: number;
  /** Milliseconds since 1970: judgements since then decide about the stage. */
  since: number;
}

const FILE = 'canary.json';

export function canaryOf(folder: string, challenger: string | undefined): CanaryState | undefined {
  if (challenger === undefined) return undefined;
  const path = join(folder, FILE);
  const state = existsSync(path) ? (readJson(path) as CanaryState) : undefined;
  return state?.challenger === challenger ? state : { challenger, stage: 0, since: 0 };
}

/** From 0 to 1, always the same for a person and a challenger. */
export const placeOf = (digest: (text: string) => string, user: string, challenger: string): number =>
  Number.parseInt(digest(`canary\n${challenger}\n${user}`), 16) / 2 ** 48;

/** Judgements that are compared at most, the newest. */
const MOST = 2000;

/** Rewards of the answers of a revision, −1 to 1; without judgements that a review has rejected. */
export function rewardsOf({ database }: FeedbackStore, revision: string, since = 0): number[] {
  const rows = database
    .prepare(
      `SELECT j.value FROM judgements j JOIN answers a ON a.id = j.answer LEFT JOIN reviews r ON r.judgement = j.id
       WHERE a.revision = ? AND j.created >= ? AND r.verdict IS NOT 'rejected' ORDER BY j.created DESC LIMIT ?`,
    )
    .pluck()
    .all(revision, since, MOST) as string[];
  return rows.flatMap(row => rewardOf(JSON.parse(row) as JudgementValue) ?? []);
}

/** What a look at the judgements led to. */
export type Watched = 'nothing' | 'next stage' | 'promoted' | 'challenge ended' | 'rolled back';

/** To be called after judgements; whoever calls it has the registry's lock. */
export function watch(store: FeedbackStore, registry: Registry, { canary }: LearningSettings): Watched {
  const [champion, challenger, previous] = (['champion', 'challenger', 'previous'] as const).map(registry.alias);
  const state = canaryOf(store.folder, challenger);
  if (champion === undefined) return 'nothing';
  if (state) {
    const own = sampleOf(rewardsOf(store, state.challenger));
    const others = sampleOf(rewardsOf(store, champion));
    const { difference, p } = sequentialTest(own, others);
    const figures = `${signed(difference)} in reward on ${own.count} judgements, p ${p.toFixed(3)}`;
    if (p <= canary.alpha && difference < 0) {
      registry.challenge(undefined, `people like it less: ${figures}`);
      rmSync(join(store.folder, FILE), { force: true });
      return 'challenge ended';
    }
    if (rewardsOf(store, state.challenger, state.since).length < canary.least) return 'nothing';
    if (state.stage + 1 < canary.stages.length) {
      writeJson(join(store.folder, FILE), { ...state, stage: state.stage + 1, since: Date.now() });
      store.event('next stage', { challenger: state.challenger, share: canary.stages[state.stage + 1], figures });
      return 'next stage';
    }
    registry.promote(state.challenger, `canary: ${figures}`);
    rmSync(join(store.folder, FILE), { force: true });
    return 'promoted';
  }
  if (previous === undefined || previous === champion) return 'nothing';
  // After a rollback by hand the previous one is the one that was left.
  if (store.events(1000).find(({ kind }) => kind === 'promoted' || kind === 'rolled back')?.kind !== 'promoted')
    return 'nothing';
  const [now, before] = [champion, previous].map(id => sampleOf(rewardsOf(store, id)));
  const { difference, p } = sequentialTest(now, before);
  if (p > canary.alpha || difference >= 0) return 'nothing';
  registry.rollback(
    `people like it less: ${signed(difference)} in reward on ${now.count} judgements, p ${p.toFixed(3)}`,
  );
  return 'rolled back';
}

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
