/** What learning adds to a request for an answer: who answers, whether it is kept, and what its metadata say of one before. */
import type { ModelPool } from '../../engine/protocol.ts';
import type { LearningService } from '../../online/service.ts';
import type { JudgementValue } from '../../online/store/judgement.ts';
import { type Call, type Endpoint, findModel } from './call.ts';
import { badParameter } from './parameters.ts';
import { readJudgements } from './schemas/feedback.ts';
import type { Work } from './work.ts';

interface Asked {
  learning: LearningService;
  pool: ModelPool;
  endpoint: Endpoint;
  body: Record<string, unknown>;
  found: Pick<Call<never>, 'model' | 'card'>;
  work: Work;
  /** Holder of a key, or address. */
  client: string;
}

/** Whose request or judgement it is: whom the request names, else whose key it is, else the address. */
export const personOf = (body: { user?: unknown; safety_identifier?: unknown }, work: Work, client: string): string => {
  const named = [body.safety_identifier, body.user].find(one => typeof one === 'string' && one !== '');
  return (named as string | undefined) ?? work.holder?.name ?? client;
};

/** @throws RequestError for metadata that judge and cannot be read */
export function followLearning({ learning, pool, endpoint, body, found, work, client }: Asked) {
  if (found.model !== learning.model || endpoint.answers === undefined) return undefined;
  const user = personOf(body, work, client);
  const metadata = (body.metadata ?? {}) as Record<string, string>;
  const judged = judgedIn(metadata);
  if (judged) learning.judge({ ...judged, user });
  const { model: _, ...answering } = findModel(pool, learning.route(user), endpoint.ability);
  const isKept = learning.keeps(body.store as boolean | undefined);
  const revision = answering.card.fingerprint ?? '';
  const { conversation } = metadata;
  if (revision !== '') work.ended = outcome => learning.observe(revision, outcome);
  return {
    ...answering,
    ...(isKept && { recording: learning.record({ id: work.answer!, revision, user, conversation }) }),
  };
}

const PREFIX = 'feedback_';

/** `feedback_for: ID` with `feedback_thumb: up`, `feedback_rating: 0.5`, `feedback_correction: …` and so on. */
function judgedIn(
  metadata: Record<string, string>,
): { answer: string; position: number; values: JudgementValue[] } | undefined {
  const given = Object.fromEntries(
    Object.entries(metadata).flatMap(([key, value]) =>
      key.startsWith(PREFIX) ? [[key.slice(PREFIX.length), value]] : [],
    ),
  );
  const { for: answer, choice = '0', rating, ...rest } = given;
  if (Object.keys(given).length === 0) return undefined;
  if (answer === undefined) throw badParameter('metadata', 'feedback_… needs feedback_for, the id of an answer');
  const values = readJudgements({
    response_id: answer,
    choice: Number(choice),
    ...(rating !== undefined && { rating: Number(rating) }),
    ...rest,
  });
  return { answer, position: Number(choice), values: values.values };
}
