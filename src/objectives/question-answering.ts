/**
 * Where in a text the answer to a question begins and ends (Devlin et al. 2019, 4.2 and 4.3). Of a context that is too long a
 * window is read, another one at each visit; where it does not hold the answer, the first token says so.
 */
import { z } from 'zod';
import { tokenLoss } from '../models/losses.ts';
import { usageError } from '../support/errors.ts';
import type { Random } from '../support/random.ts';
import type { Encoding } from '../tokenizers/encode/encoding.ts';
import { isGradEnabled, scope, type Tensor } from '../torch/index.ts';
import { int64Of } from './batches.ts';
import { type EncodedBatch, type EncodedText, encodedBatch, inputsOf } from './encodings.ts';
import type { Objective, ObjectiveContext } from './objective.ts';

export const questionAnsweringOptions = z.strictObject({
  name: z.literal('question-answering'),
  /** Tokens that neighbouring windows of a long context share. */
  stride: z.int().min(0).default(128),
  /** Padding may be the answer, too, as in Transformers' loss: a row then depends on how long the others of its batch are. */
  scorePadding: z.boolean().default(false),
});

export type QuestionAnsweringOptions = Partial<Omit<z.output<typeof questionAnsweringOptions>, 'name'>>;

export interface Reading extends EncodedText {
  /** First and last token of the answer. */
  start: number;
  end: number;
}

export interface ReadingBatch extends EncodedBatch {
  /** int64 [batch] */
  starts: Tensor;
  ends: Tensor;
}

export function questionAnswering(
  { tokenizer, context: length }: ObjectiveContext,
  { stride = 128, scorePadding = false }: QuestionAnsweringOptions = {},
): Objective<'reading', Reading, ReadingBatch> {
  return {
    name: 'question-answering',
    rows: 'reading',
    tasks: ['questionAnswering'],
    weights: { start: 0.5, end: 0.5 },

    example({ question, context, answers }, random, progress) {
      const whole = tokenizer.encode(question, { pair: context });
      const [answer] = answers;
      const span = answer && tokensOf(whole, answer.start, answer.start + [...answer.text].length);
      // Evaluations read the window that has the answer.
      const { ids, types, from, to, cut } = windowOf(whole, { length, stride }, progress === undefined ? span : random);
      const [start, end] = (span ?? [0, 0]).map(place => place - cut);
      const isInside = span !== undefined && start >= from && end < to;
      return { ids, types, ...(isInside ? { start, end } : { start: 0, end: 0 }) };
    },

    lengthOf: ({ ids }) => ids.length,

    batch: (examples, device) => ({
      ...encodedBatch(examples, tokenizer, device),
      starts: int64Of(
        examples.map(({ start }) => start),
        device,
      ),
      ends: int64Of(
        examples.map(({ end }) => end),
        device,
      ),
    }),

    counts: ({ starts: { numel } }) => ({ start: numel, end: numel, accuracy: numel }),

    means: (model, batch) =>
      scope(() => {
        const { attentionMask, starts, ends } = batch;
        const { startLogits, endLogits } = model.forward(inputsOf(model, batch));
        const [start, end] = [startLogits!, endLogits!].map(logits =>
          attentionMask && !scorePadding ? logits.maskedFill(attentionMask.eq(0), -1e9) : logits,
        );
        const right = (logits: Tensor, places: Tensor): Tensor => logits.argmax({ dim: -1 }).eq(places).to('float32');
        return {
          start: tokenLoss(start, starts),
          end: tokenLoss(end, ends),
          ...(!isGradEnabled() && { accuracy: right(start, starts).mul(right(end, ends)).mean() }),
        };
      }),
  };
}

const CONTEXT = 1;

/** First and last token of a stretch of the context, in code points; undefined where no token lies in it. */
function tokensOf({ starts, ends, sequenceIds }: Encoding, from: number, to: number): [number, number] | undefined {
  const isIn = (i: number): boolean => sequenceIds[i] === CONTEXT && starts[i] < to && ends[i] > from;
  const places = [...sequenceIds.keys()].filter(isIn);
  return places.length === 0 ? undefined : [places[0], places[places.length - 1]];
}

interface Window {
  ids: readonly number[];
  types: readonly number[];
  /** The context's first token in it, and the one behind its last. */
  from: number;
  to: number;
  /** Tokens of the context before it. */
  cut: number;
}

/**
 * Question, a part of the context, and the special tokens around them.
 *
 * @param choice draws the window, or the first one that holds these tokens is taken
 */
function windowOf(
  { ids, typeIds, sequenceIds }: Encoding,
  { length, stride }: { length: number; stride: number },
  choice: Random | [number, number] | undefined,
): Window {
  const from = Math.max(0, sequenceIds.indexOf(CONTEXT));
  const tokens = sequenceIds.filter(id => id === CONTEXT).length;
  if (ids.length <= length) return { ids, types: typeIds, from, to: from + tokens, cut: 0 };
  const room = length - (ids.length - tokens);
  if (room <= stride) {
    throw usageError(
      'TSLM_BAD_STRIDE',
      `${ids.length - tokens} of ${length} tokens stand around the context, too many for windows that share ${stride}`,
      'choose a smaller objective.stride, or a larger model.context',
    );
  }
  const count = 1 + Math.ceil((tokens - room) / (room - stride));
  const startOf = (window: number): number => Math.min(window * (room - stride), tokens - room);
  const holds = (window: number, [first, last]: [number, number]): boolean =>
    first - from >= startOf(window) && last - from < startOf(window) + room;
  const number = Array.isArray(choice)
    ? Math.max(
        0,
        Array.from({ length: count }, (_, i) => i).findIndex(window => holds(window, choice)),
      )
    : (choice?.below(count) ?? 0);
  const cut = startOf(number);
  const part = (values: readonly number[]): number[] => [
    ...values.slice(0, from),
    ...values.slice(from + cut, from + cut + room),
    ...values.slice(from + tokens),
  ];
  return { ids: part(ids), types: part(typeIds), from, to: from + room, cut };
}
