/** What answers in the shadow is ended when it fails, or writes what must not be written; else it goes on to people, if that is wanted. */
import type { Registry } from '../registry/registry.ts';
import type { LearningSettings } from '../settings.ts';
import type { FeedbackStore } from '../store/store.ts';
import type { StoredAnswer } from '../store/stored.ts';
import { countTexts, failuresOf, type ShadowFigures, shadowFigures } from './compare.ts';

export type ShadowWatched = 'nothing' | 'shadow ended' | 'challenged' | 'promoted';

export interface WatchShadowOptions {
  /** What must be in no answer. */
  forbidden: readonly RegExp[];
  /** The answer that was just written there; absent where a request failed. */
  answer?: string;
}

/** To be called after each request there; whoever calls it has the registry's lock. */
export function watchShadow(
  store: FeedbackStore,
  registry: Registry,
  { shadow: settings }: LearningSettings,
  { forbidden, answer }: WatchShadowOptions,
): ShadowWatched {
  const revision = registry.alias('shadow');
  if (revision === undefined) return 'nothing';
  const said = (): string => sentenceOf(shadowFigures(store, revision, forbidden));
  const end = (why: string): ShadowWatched => {
    registry.shadow(undefined, `${why}: ${said()}`);
    return 'shadow ended';
  };
  const written = answer === undefined ? undefined : store.answer(answer);
  const isBad = (one: StoredAnswer | undefined): boolean =>
    one?.choices.some(({ text }) => forbidden.some(pattern => pattern.test(text))) ?? false;
  // What must not be written needs no statistics.
  if (written?.revision === revision && isBad(written) && !isBad(store.answer(written.shadowOf!))) {
    return end('it writes what it must not');
  }
  const [compared, failed] = [countTexts(store, revision), failuresOf(store, revision)];
  if (compared + failed < settings.least) return 'nothing';
  if (failed > settings.failures * (compared + failed)) return end('requests fail');
  if (settings.next === 'nothing') return 'nothing';
  if (settings.next === 'canary') {
    registry.challenge(revision, `shadow: ${said()}`);
    return 'challenged';
  }
  registry.promote(revision, `shadow: ${said()}`);
  return 'promoted';
}

const sentenceOf = ({ compared, failed, same, forbidden, nearer }: ShadowFigures): string =>
  [
    `${compared} answers beside those that were shown`,
    `${(100 * same).toFixed(0)} % the same`,
    `${failed} failed`,
    `${forbidden.shadow} with what must not be written (shown: ${forbidden.shown})`,
    `${nearer.shadow} nearer to a correction and ${nearer.shown} farther from it`,
  ].join(', ');
