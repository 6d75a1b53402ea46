/**
 * Which of several answers to a question, or continuations of a text, is the right one (Devlin et al. 2019, 4.4): the model reads the
 * question with each of them, and gives each a score.
 */
import { z } from 'zod';
import type { Rows } from '../data/rows/rows.ts';
import { tokenLoss } from '../models/losses.ts';
import { UserError } from '../support/errors.ts';
import { isGradEnabled, scope, type Tensor, tensor } from '../torch/index.ts';
import { int64Of, shareRight } from './batches.ts';
import { type EncodedText, encodedBatch, inputsOf } from './encodings.ts';
import type { Objective, ObjectiveContext } from './objective.ts';

export const multipleChoiceOptions = z.strictObject({ name: z.literal('multiple-choice') });

export interface Choices {
  /** The question with each of its choices. */
  texts: readonly EncodedText[];
  /** Which is the right one. */
  answer: number;
}

export interface ChoiceBatch {
  /** int64 [batch, choices, time] */
  inputIds: Tensor;
  attentionMask: Tensor | undefined;
  tokenTypeIds: Tensor;
  /** float32 [batch, choices]: 1 where a question has no such choice; absent where all have as many */
  missing?: Tensor;
  /** int64 [batch] */
  labels: Tensor;
}

export function multipleChoice({
  tokenizer,
  context: maxLength,
}: Pick<ObjectiveContext, 'tokenizer' | 'context'>): Objective<'choice', Choices, ChoiceBatch> {
  return {
    name: 'multiple-choice',
    rows: 'choice',
    tasks: ['multipleChoice'],
    weights: { choice: 1 },

    example: row => ({
      texts: pairsOf(row).map(([text, pair]) => {
        // What is asked is cut where both are too long, and not what is to be told apart.
        const { ids, typeIds } = tokenizer.encode(text, { pair, truncation: true, maxLength });
        return { ids, types: typeIds };
      }),
      answer: answerOf(row),
    }),

    lengthOf: ({ texts }) => texts.reduce((sum, { ids }) => sum + ids.length, 0),

    batch(examples, device) {
      const most = Math.max(...examples.map(({ texts }) => texts.length));
      const isEven = examples.every(({ texts }) => texts.length === most);
      // What a question lacks is read as its first choice, and does not count.
      const filled = examples.flatMap(({ texts }) => Array.from({ length: most }, (_, c) => texts[c] ?? texts[0]));
      const { inputIds, attentionMask, tokenTypeIds } = encodedBatch(filled, tokenizer, device);
      const shaped = (values: Tensor): Tensor => values.view([examples.length, most, values.size(1)]);
      const absent = examples.map(({ texts }) => Array.from({ length: most }, (_, c) => (c < texts.length ? 0 : 1)));
      return {
        inputIds: shaped(inputIds),
        attentionMask: attentionMask && shaped(attentionMask),
        tokenTypeIds: shaped(tokenTypeIds),
        ...(!isEven && { missing: tensor(absent, { dtype: 'float32', device }) }),
        labels: int64Of(
          examples.map(({ answer }) => answer),
          device,
        ),
      };
    },

    counts: ({ labels }) => ({ choice: labels.numel, accuracy: labels.numel }),

    means: (model, batch) =>
      scope(() => {
        const logits = choiceScores(model.forward(inputsOf(model, batch)).logits!, batch);
        return {
          choice: tokenLoss(logits, batch.labels),
          ...(!isGradEnabled() && { accuracy: shareRight(logits, batch.labels) }),
        };
      }),
  };
}

const FORBIDDEN = -1e9;

/** float32 [batch, choices]: choices that are not there cannot be right. */
export const choiceScores = (logits: Tensor, { missing }: Pick<ChoiceBatch, 'missing'>): Tensor =>
  missing ? logits.to('float32').add(missing.mul(FORBIDDEN)) : logits.to('float32');

/** What is read for each choice: the question and the choice, or a text and both. */
function pairsOf({ question, choices, context }: Rows['choice']): [text: string, pair: string][] {
  return choices.map(choice => (context === undefined ? [question, choice] : [context, `${question} ${choice}`]));
}

/** By its number from 0, its letter from A, or its words. */
export function answerOf({ choices, answer }: Rows['choice']): number {
  const said = String(answer).trim();
  const byWords = choices.indexOf(said);
  if (byWords >= 0) return byWords;
  const number = /^[A-Z]$/.test(said)
    ? said.charCodeAt(0) - 'A'.charCodeAt(0)
    : said === ''
      ? Number.NaN
      : Number(said);
  if (Number.isInteger(number) && number >= 0 && number < choices.length) return number;
  throw new UserError('TSLM_BAD_ROW', `a row has the answer '${said}', and ${choices.length} choices`, {
    hint: 'an answer is a number from 0, a letter from A, or the words of a choice',
  });
}
