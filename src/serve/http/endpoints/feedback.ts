/** `/v1/feedback`: judgements come in, are reviewed, and go out as rows; people are forgotten. Only where the server learns. */
import { Hono } from 'hono';
import { z } from 'zod';
import { exportRows, rowKinds } from '../../../online/export.ts';
import { forgetFeedback } from '../../../online/forget.ts';
import { reviewJudgements } from '../../../online/review.ts';
import type { LearningService } from '../../../online/service.ts';
import { shadowPairs } from '../../../online/shadow/compare.ts';
import { type Judgement, VERDICTS } from '../../../online/store/stored.ts';
import { readBody } from '../body.ts';
import { requireAdmin } from '../guard.ts';
import { personOf } from '../learning.ts';
import { badParameter, readParameters } from '../parameters.ts';
import { readJudgements } from '../schemas/feedback.ts';
import { addressOf, type Env } from '../work.ts';

const listSchema = z.strictObject({
  user: z.string().min(1).optional(),
  response_id: z.string().min(1).optional(),
  kind: z.enum(['rating', 'thumb', 'choice', 'correction', 'label', 'text', 'signal']).optional(),
  review: z.enum(['waiting', ...VERDICTS]).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
const reviewSchema = z.strictObject({
  judgements: z.array(z.string().min(1)).min(1).max(1000),
  verdict: z.enum(VERDICTS),
});
const shadowSchema = z.strictObject({ limit: z.coerce.number().int().min(1).max(500).default(20) });
const deleteSchema = z.strictObject({
  user: z.string().min(1).optional(),
  conversation: z.string().min(1).optional(),
  response_id: z.string().min(1).optional(),
});
const rowsSchema = z.strictObject({ kind: z.enum(rowKinds) });

export function feedbackRoutes(
  learning: LearningService,
  { maxBodyBytes, isGuarded }: { maxBodyBytes: number; isGuarded: boolean },
): Hono<Env> {
  const { store, registry } = learning;
  const app = new Hono<Env>();
  const query = (c: { req: { query(): Record<string, string> } }): Record<string, string> => c.req.query();

  app.post('/v1/feedback', async c => {
    const { body } = await readBody(c, maxBodyBytes);
    const { user, ...judged } = readJudgements(body);
    const work = c.get('work');
    const kept = learning.judge({ ...judged, user: personOf({ user }, work, work.holder?.name ?? addressOf(c)) });
    return c.json({ object: 'feedback', response_id: judged.answer, data: kept.map(judgementObject) }, 201);
  });
  // What others have said is for those who run the service.
  app.get('/v1/feedback', c => {
    requireAdmin(c, isGuarded);
    const { user, kind, limit, review, response_id } = readParameters(listSchema, query(c));
    const whose = user === undefined ? undefined : store.keyed.user(user);
    const found = store.judgements({ user: whose, kind, answer: response_id, review, last: limit });
    return c.json({ object: 'list', data: found.map(judgementObject) });
  });
  app.post('/v1/feedback/review', async c => {
    requireAdmin(c, isGuarded);
    const { judgements, verdict } = readParameters(reviewSchema, (await readBody(c, maxBodyBytes)).body);
    const reviewer = c.get('work').holder?.name ?? addressOf(c);
    return c.json({
      object: 'feedback.review',
      ...reviewJudgements(store, registry, judgements, { verdict, reviewer }),
    });
  });
  app.get('/v1/feedback/shadow', c => {
    requireAdmin(c, isGuarded);
    const { limit } = readParameters(shadowSchema, query(c));
    const figures = learning.shadow();
    const pairs = figures ? shadowPairs(store, figures.revision, limit) : [];
    const textsOf = ({ choices }: (typeof pairs)[number]['shown']) => choices.map(({ text }) => text);
    return c.json({
      object: 'shadow',
      ...(figures ?? { revision: null }),
      data: pairs.map(({ shown, shadow }) => ({
        response_id: shown.id,
        shadow_id: shadow.id,
        prompt: shown.prompt,
        shown: textsOf(shown),
        shadow: textsOf(shadow),
      })),
    });
  });
  app.get('/v1/feedback/rows', c => {
    requireAdmin(c, isGuarded);
    const { kind } = readParameters(rowsSchema, query(c));
    const lines = exportRows(store, kind).map(row => `${JSON.stringify(row)}\n`);
    return c.body(lines.join(''), 200, { 'content-type': 'application/jsonl; charset=utf-8' });
  });
  app.delete('/v1/feedback', c => {
    requireAdmin(c, isGuarded);
    const { user, conversation, response_id } = readParameters(deleteSchema, query(c));
    const whats = [
      user === undefined ? undefined : { user },
      conversation === undefined ? undefined : { conversation },
      response_id === undefined ? undefined : { answer: response_id },
    ].filter(one => one !== undefined);
    if (whats.length !== 1) throw badParameter('user', 'say exactly one of user, conversation and response_id');
    return c.json({ object: 'feedback.deleted', deleted: true, ...forgetFeedback(store, registry, whats[0]) });
  });
  return app;
}

const judgementObject = ({ id, created, answer, position, user, value, verdict }: Judgement) => ({
  id,
  object: 'judgement',
  created: Math.floor(created / 1000),
  response_id: answer,
  choice: position,
  user,
  ...value,
  ...(verdict && { review: verdict }),
});
