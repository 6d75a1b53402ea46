/**
 * A challenger answers a share of the people, always the same ones; the share grows as long as they do not like it less and it neither
 * fails more often nor is much slower, and everybody gets it in the end. The same tests watch a champion that has just come. What is worse
 * goes, without anybody asking.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeJson } from '../../support/files.ts';
import type { Registry } from '../registry/registry.ts';
import type { LearningSettings } from '../settings.ts';
import { type JudgementValue, rewardOf } from '../store/judgement.ts';
import type { FeedbackStore } from '../store/store.ts';
import { createOutcomes, type Outcomes } from './outcomes.ts';
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

/** To be called after judgements and answers; whoever calls it has the registry's lock. */
export function watch(
  store: FeedbackStore,
  registry: Registry,
  { canary }: LearningSettings,
  outcomes: Outcomes = createOutcomes(),
): Watched {
  const [champion, challenger, previous] = (['champion', 'challenger', 'previous'] as const).map(registry.alias);
  const state = canaryOf(store.folder, challenger);
  if (champion === undefined) return 'nothing';
  if (state) {
    const { complaint, figures } = besides(store, outcomes, canary, state.challenger, champion);
    if (complaint !== undefined) {
      registry.challenge(undefined, complaint);
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
  const { complaint } = besides(store, outcomes, canary, champion, previous);
  if (complaint === undefined) return 'nothing';
  registry.rollback(complaint);
  return 'rolled back';
}

/** One revision beside another: what people say of both, and what speaks against it, if anything does. */
function besides(
  store: FeedbackStore,
  outcomes: Outcomes,
  { alpha, slower }: LearningSettings['canary'],
  own: string,
  other: string,
): { figures: string; complaint?: string } {
  const rewards = sampleOf(rewardsOf(store, own));
  const liked = sequentialTest(rewards, sampleOf(rewardsOf(store, other)));
  const figures = `${signed(liked.difference)} in reward on ${rewards.count} judgements, p ${liked.p.toFixed(3)}`;
  if (liked.p <= alpha && liked.difference < 0) return { figures, complaint: `people like it less: ${figures}` };

  const failures = outcomes.failures(own);
  const failed = sequentialTest(failures, outcomes.failures(other));
  if (failed.p <= alpha && failed.difference > 0) {
    const share = `${signed(100 * failed.difference)} points of ${failures.count} requests, p ${failed.p.toFixed(3)}`;
    return { figures, complaint: `its requests fail more often: ${share}` };
  }

  const times = outcomes.slowness(own);
  const others = outcomes.slowness(other);
  // As slow as is allowed is no difference.
  const late = sequentialTest({ ...times, mean: times.mean - Math.log(slower) }, others);
  if (late.p <= alpha && late.difference > 0) {
    const factor = Math.exp(times.mean - others.mean).toFixed(1);
    const share = `${factor} × the time a token on ${times.count} requests, p ${late.p.toFixed(3)}`;
    return { figures, complaint: `it is slower: ${share}` };
  }
  return { figures };
}

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
