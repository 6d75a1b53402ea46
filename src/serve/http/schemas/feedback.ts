/** The body of `POST /v1/feedback`: an answer, and what somebody says of it. */
import { z } from 'zod';
import type { JudgementValue } from '../../../online/store/judgement.ts';
import { badParameter, readParameters } from '../parameters.ts';

const text = z.string().min(1).max(100_000).optional();
const other = z.strictObject({ response_id: z.string().min(1).max(256), choice: z.int().min(0).default(0) });

export const feedbackSchema = z.strictObject({
  response_id: z.string().min(1).max(256).describe('id of the answer, as its response has it'),
  choice: z.int().min(0).default(0).describe('which of its texts, by `index`'),
  user: z.string().min(1).max(512).optional().describe('whose judgement it is; default whose key or address it is'),
  thumb: z.enum(['up', 'down']).optional(),
  rating: z.number().min(-1).max(1).optional().describe('from −1, bad, to 1, good'),
  better_than: z
    .union([z.literal('others'), z.array(other).min(1).max(128)])
    .optional()
    .describe('this text is better than the other texts of its answer, or than those named'),
  correction: text.describe('what the answer should have been'),
  label: z.string().min(1).max(512).optional().describe('the right label of a text that was classified'),
  text: text.describe('a remark'),
  signal: z
    .enum(['copied', 'accepted', 'regenerated', 'abandoned'])
    .optional()
    .describe('what was done with the answer'),
});

/** @throws RequestError that names the parameter */
export function readJudgements(body: unknown) {
  const { response_id, choice, user, ...given } = readParameters(feedbackSchema, body);
  const { thumb, rating, better_than, correction, label, text: remark, signal } = given;
  const values: JudgementValue[] = [
    ...(thumb === undefined ? [] : [{ kind: 'thumb' as const, thumb }]),
    ...(rating === undefined ? [] : [{ kind: 'rating' as const, rating }]),
    ...(better_than === undefined
      ? []
      : [{ kind: 'choice' as const, ...(better_than !== 'others' && { over: better_than }) }]),
    ...(correction === undefined ? [] : [{ kind: 'correction' as const, correction }]),
    ...(label === undefined ? [] : [{ kind: 'label' as const, label }]),
    ...(remark === undefined ? [] : [{ kind: 'text' as const, text: remark }]),
    ...(signal === undefined ? [] : [{ kind: 'signal' as const, signal }]),
  ];
  if (values.length === 0) {
    throw badParameter(
      'thumb',
      'nothing is said of the answer',
      `give one of ${Object.keys(feedbackSchema.shape).slice(3).join(', ')}`,
    );
  }
  return { answer: response_id, position: choice, user, values };
}
