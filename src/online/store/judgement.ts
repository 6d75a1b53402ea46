/** What somebody says of an answer. Kinds are those that feedback tools have (Langfuse's scores, OpenAI's thumbs). */
import { z } from 'zod';

const text = z.string().min(1).max(100_000);

export const judgementValue = z.discriminatedUnion('kind', [
  /** −1 to 1: 0 says nothing. */
  z.strictObject({ kind: z.literal('rating'), rating: z.number().min(-1).max(1) }),
  z.strictObject({ kind: z.literal('thumb'), thumb: z.enum(['up', 'down']) }),
  /** This choice is better than others: `over` names them, by default the other choices of the same answer. */
  z.strictObject({
    kind: z.literal('choice'),
    over: z
      .array(z.strictObject({ response_id: z.string().min(1), choice: z.int().min(0).default(0) }))
      .min(1)
      .max(128)
      .optional(),
  }),
  /** What the answer should have been. */
  z.strictObject({ kind: z.literal('correction'), correction: text }),
  /** The right label, of a text that was classified. */
  z.strictObject({ kind: z.literal('label'), label: z.string().min(1).max(512) }),
  z.strictObject({ kind: z.literal('text'), text }),
  /** What a person did with the answer: copied, accepted, asked again, left. */
  z.strictObject({
    kind: z.literal('signal'),
    signal: z.enum(['copied', 'accepted', 'regenerated', 'abandoned']),
  }),
]);

/** What somebody said of an answer, or of two. */
export type JudgementValue = z.output<typeof judgementValue>;
/** Rating, thumb, choice, correction … */
export type JudgementKind = JudgementValue['kind'];

/** From −1, bad, to 1, good; undefined of what does not say, as a choice does not, which compares. A signal says less than a word. */
export function rewardOf(value: JudgementValue): number | undefined {
  switch (value.kind) {
    case 'rating':
      return value.rating;
    case 'thumb':
      return value.thumb === 'up' ? 1 : -1;
    case 'correction':
      return -1;
    case 'signal':
      return value.signal === 'copied' || value.signal === 'accepted' ? 0.5 : -0.5;
    case 'choice':
    case 'label':
    case 'text':
      return undefined;
  }
}
