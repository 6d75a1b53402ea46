/** Answers that were shown, beside those that a revision in the shadow gave to the same requests. */
import { chrfOf, chrfStatistics } from '../../evaluate/metrics/chrf.ts';
import type { FeedbackStore } from '../store/store.ts';
import type { Choice, StoredAnswer } from '../store/stored.ts';

/** A figure of the answers that were shown, and of those in the shadow. */
export interface Beside {
  shown: number;
  shadow: number;
}

export interface ShadowFigures {
  revision: string;
  /** Texts beside each other, the newest; and requests that failed in the shadow. */
  compared: number;
  failed: number;
  /** Share of them that are the same to the last character. */
  same: number;
  /** Mean chrF of one with the other, 0 to 1. */
  likeness: number;
  /** Mean characters. */
  length: Beside;
  /** Mean log-probability a token, each by the weights that wrote it; of texts whose tokens are kept. */
  logprob: Beside | undefined;
  /** Texts with something in them that must be in no answer. */
  forbidden: Beside;
  /** Of answers that people corrected: how many in the shadow are nearer to the correction by chrF, and how many of those shown. */
  nearer: Beside;
}

export interface ShadowPair {
  shown: StoredAnswer;
  shadow: StoredAnswer;
}

/** Answers that are compared at most, the newest. */
const MOST = 100;
/** Characters of a text that are compared. */
const LONGEST = 1000;

export function shadowPairs(store: FeedbackStore, revision: string, most = MOST): ShadowPair[] {
  const rows = store.database
    .prepare(
      'SELECT id, shadow_of FROM answers WHERE shadow_of IS NOT NULL AND revision = ? ORDER BY created DESC, id LIMIT ?',
    )
    .all(revision, most) as { id: string; shadow_of: string }[];
  return rows.flatMap(({ id, shadow_of }) => {
    const [shown, shadow] = [store.answer(shadow_of), store.answer(id)];
    return shown && shadow ? [{ shown, shadow }] : [];
  });
}

/** @param forbidden what must be in no answer */
export function shadowFigures(
  store: FeedbackStore,
  revision: string,
  forbidden: readonly RegExp[] = [],
): ShadowFigures {
  const texts = shadowPairs(store, revision).flatMap(({ shown, shadow }) =>
    shown.choices.flatMap(choice => {
      const other = shadow.choices.find(({ position }) => position === choice.position);
      return other ? [{ answer: shown.id, shown: choice, shadow: other }] : [];
    }),
  );
  const mean = (values: readonly number[]): number =>
    values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length;
  const beside = (of: (choice: Choice) => number): Beside => ({
    shown: mean(texts.map(({ shown }) => of(shown))),
    shadow: mean(texts.map(({ shadow }) => of(shadow))),
  });
  const known = texts.filter(({ shown, shadow }) => shown.logprobs?.length && shadow.logprobs?.length);
  const holds = ({ text }: Choice): number => (forbidden.some(pattern => pattern.test(text)) ? 1 : 0);
  const share = beside(holds);
  return {
    revision,
    compared: texts.length,
    failed: failuresOf(store, revision),
    same: mean(texts.map(({ shown, shadow }) => (shown.text === shadow.text ? 1 : 0))),
    likeness: mean(texts.map(({ shown, shadow }) => likeness(shadow.text, shown.text))),
    length: beside(({ text }) => text.length),
    logprob:
      known.length === 0
        ? undefined
        : {
            shown: mean(known.map(({ shown }) => mean(shown.logprobs!))),
            shadow: mean(known.map(({ shadow }) => mean(shadow.logprobs!))),
          },
    forbidden: {
      shown: Math.round(share.shown * texts.length),
      shadow: Math.round(share.shadow * texts.length),
    },
    nearer: nearerOf(store, texts),
  };
}

/** chrF of a text with a reference, 0 to 1; of two empty ones 1. */
const likeness = (text: string, reference: string): number =>
  text === reference ? 1 : chrfOf(chrfStatistics(text.slice(0, LONGEST), [reference.slice(0, LONGEST)])) / 100;

function nearerOf(store: FeedbackStore, texts: readonly { answer: string; shown: Choice; shadow: Choice }[]): Beside {
  const nearer = { shown: 0, shadow: 0 };
  for (const { answer, shown, shadow } of texts) {
    for (const { value, position, verdict } of store.judgements({ answer, kind: 'correction' })) {
      if (value.kind !== 'correction' || position !== shown.position || verdict === 'rejected') continue;
      const gap = likeness(shadow.text, value.correction) - likeness(shown.text, value.correction);
      if (gap > 0) nearer.shadow++;
      else if (gap < 0) nearer.shown++;
    }
  }
  return nearer;
}

/** Texts that were written in the shadow. */
export const countTexts = ({ database }: FeedbackStore, revision: string): number =>
  database
    .prepare(
      'SELECT count(*) FROM answers a JOIN choices c ON c.answer = a.id WHERE a.shadow_of IS NOT NULL AND a.revision = ?',
    )
    .pluck()
    .get(revision) as number;

const FAILED = 'shadow failed';

export const failuresOf = ({ database }: FeedbackStore, revision: string): number =>
  database
    .prepare("SELECT count(*) FROM events WHERE kind = ? AND json_extract(details, '$.shadow') = ?")
    .pluck()
    .get(FAILED, revision) as number;

/** Keeps that a request failed there. */
export const countFailure = (store: FeedbackStore, shadow: string, code: string): void =>
  store.event(FAILED, { shadow, code });
