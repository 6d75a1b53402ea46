/** A service that learns, as the studio shows it. */
import type { Said } from '../../data/rows/rows.ts';
import type { Decision } from '../../online/gate/decision.ts';
import { waitingJudgements } from '../../online/learn.ts';
import { ALIASES } from '../../online/registry/registry.ts';
import type { LearningService } from '../../online/service.ts';
import { type ShadowPair, shadowPairs } from '../../online/shadow/compare.ts';
import type { JudgementValue } from '../../online/store/judgement.ts';
import type { Judgement } from '../../online/store/stored.ts';
import type { JudgedAnswer, LearningDetail, ShadowAnswers } from './api.ts';

const LATEST = 50;

/** Judgements of the queue that are shown at a time, and pairs of the shadow. */
const [QUEUE, PAIRS] = [20, 10];

export function describeLearning(service: LearningService): LearningDetail {
  const { model, store, registry, settings } = service;
  const learnt = store.database.prepare('SELECT count(*) FROM learnt WHERE revision = ?').pluck();
  const iso = (time: number): string => new Date(time).toISOString();
  const judged = ({ id, created, answer, position, user, value, verdict }: Judgement): JudgedAnswer[] => {
    const of = store.answer(answer);
    const choice = of?.choices.find(one => one.position === position);
    if (!of || !choice) return [];
    const { revision, prompt } = of;
    const shown = { id, created: iso(created), user, revision, prompt: textOf(prompt), answer: choice.text };
    return [{ ...shown, kind: value.kind, said: saidOf(value), ...(verdict && { verdict }) }];
  };
  const unreviewed = settings.review ? store.judgements({ review: 'waiting' }) : [];
  const figures = service.shadow();
  return {
    model,
    folder: store.folder,
    consent: settings.consent,
    ...store.counts(),
    scrubbed: store.scrubbed(),
    waiting: waitingJudgements(store, registry),
    isReviewed: settings.review,
    unreviewed: unreviewed.length,
    queue: unreviewed.slice(0, QUEUE).flatMap(judged),
    ...(figures && { shadow: { ...figures, pairs: shadowPairs(store, figures.revision, PAIRS).map(pairOf) } }),
    latest: store.judgements({ last: LATEST }).flatMap(judged),
    revisions: registry
      .revisions()
      .toReversed()
      .map(({ created, decision, ...rest }) => ({
        ...rest,
        created: iso(created),
        aliases: ALIASES.filter(name => registry.alias(name) === rest.id),
        learnt: learnt.get(rest.id) as number,
        ...(decision && { decision: decision as unknown as Decision }),
      })),
  };
}

const pairOf = ({ shown, shadow }: ShadowPair): ShadowAnswers => ({
  shown: shown.id,
  shadow: shadow.id,
  prompt: textOf(shown.prompt),
  shownText: shown.choices[0]?.text ?? '',
  shadowText: shadow.choices[0]?.text ?? '',
});

const textOf = (prompt: Said): string =>
  typeof prompt === 'string'
    ? prompt
    : prompt
        .map(({ role, content }) => `${role}: ${typeof content === 'string' ? content : JSON.stringify(content)}`)
        .join('\n');

function saidOf(value: JudgementValue): string {
  switch (value.kind) {
    case 'rating':
      return String(value.rating);
    case 'thumb':
      return value.thumb;
    case 'choice':
      return '';
    case 'correction':
      return value.correction;
    case 'label':
      return value.label;
    case 'text':
      return value.text;
    case 'signal':
      return value.signal;
  }
}
