/**
 * Kahneman–Tversky optimisation (Ethayarajh et al. 2024, arXiv:2402.01306): answers that are good or not, one by one. Each is
 * compared with how far the model has gone from its beginning on answers that belong to other prompts.
 */
import { z } from 'zod';
import type { Dataset } from '../data/rows/dataset.ts';
import type { Rows } from '../data/rows/rows.ts';
import { isGradEnabled, noGrad, scope, stack, type Tensor, tensor } from '../torch/index.ts';
import { type Answer, type AnswerBatch, answerBatch, answerOf, logSigmoid, scoreAnswers } from './answers.ts';
import { arrangeRows } from './arrange.ts';
import type { Arranged, Means, Objective, ObjectiveContext } from './objective.ts';

export const ktoOptions = z.strictObject({
  name: z.literal('kto'),
  /**
   * `kto`; `apo_zero_unpaired` (D'Oosterlinck et al. 2024), which asks for no estimate; `bco` (Jung et al. 2024, arXiv:2404.04656),
   * which compares with the mean of all rewards so far.
   */
  loss: z.enum(['kto', 'apo_zero_unpaired', 'bco']).default('kto'),
  /** How dear it is to leave the reference. */
  beta: z.number().positive().default(0.1),
  /** Weights of good answers and of bad ones; where there are more of one kind, the other's should be larger. */
  desirableWeight: z.number().positive().default(1),
  undesirableWeight: z.number().positive().default(1),
});

export type KtoOptions = Partial<Omit<z.output<typeof ktoOptions>, 'name'>>;

export interface FeedbackExample {
  answer: Answer;
  /** The same prompt with the answer of another row; absent where none is asked for. */
  mismatched?: Answer;
  isGood: boolean;
  /** Log-probabilities of both by the model as it began. Without them the model is its own reference. */
  reference?: readonly number[];
}

export interface FeedbackBatch {
  answers: AnswerBatch;
  mismatched: AnswerBatch | undefined;
  /** float32 [rows, 2] */
  reference: Tensor | undefined;
  /** float32 [rows]: 1 where the answer is good */
  isGood: Tensor;
  good: number;
  bad: number;
}

const withMore = ({ mean, count }: { mean: number; count: number }, other: number, more: number) => ({
  mean: mean + ((other - mean) * more) / (count + more),
  count: count + more,
});

/** The prompt of one row with the answer of another, cut to `most` tokens. */
export const mismatch = (own: Answer, other: Answer, most: number): Answer => ({
  ids: Uint32Array.from([...own.ids.subarray(0, own.prompt), ...other.ids.subarray(other.prompt)]).subarray(0, most),
  prompt: own.prompt,
});

export function kto(
  { tokenizer, context }: ObjectiveContext,
  { loss = 'kto', beta = 0.1, desirableWeight = 1, undesirableWeight = 1 }: KtoOptions = {},
): Objective<'feedback', FeedbackExample, FeedbackBatch> {
  const comparesOthers = loss === 'kto';
  /** Of all rewards in training. */
  let running = { mean: 0, count: 0 };
  const whole = ({ prompt, completion, tools, label }: Rows['feedback'], most: number) => ({
    answer: answerOf(tokenizer, [prompt, completion, tools], most),
    isGood: label,
  });
  const cut = (answer: Answer): Answer => ({ ...answer, ids: answer.ids.subarray(0, context) });

  return {
    name: 'kto',
    rows: 'feedback',
    tasks: ['causalLM'],
    weights: { feedback: 1 },

    /** A row alone is its own mismatch; `arrange` gives it the answer of the row before. */
    example(row) {
      const { answer, isGood } = whole(row, context);
      return { answer, isGood, ...(comparesOthers && { mismatched: answer }) };
    },

    arrange(rows: Dataset<Rows['feedback']>, { skipBad = false } = {}): Arranged<FeedbackExample> {
      const full = arrangeRows(rows, skipBad, row => {
        const example = whole(row, context);
        return { ...example, answer: whole(row, Number.POSITIVE_INFINITY).answer };
      });
      const at = (index: number): FeedbackExample => {
        const { answer, isGood } = full.row(index);
        if (!comparesOthers) return { answer: cut(answer), isGood };
        const other = full.row((index + full.length - 1) % full.length).answer;
        return { answer: cut(answer), isGood, mismatched: mismatch(answer, other, context) };
      };
      return { ...full, row: at };
    },

    lengthOf: ({ answer, mismatched }) => answer.ids.length + (mismatched?.ids.length ?? 0),

    batch(examples, device) {
      const pad = tokenizer.padTokenId ?? 0;
      const known = examples.every(({ reference }) => reference !== undefined);
      const good = examples.filter(({ isGood }) => isGood).length;
      const others = examples.flatMap(({ mismatched }) => mismatched ?? []);
      return {
        answers: answerBatch(
          examples.map(({ answer }) => answer),
          pad,
          device,
        ),
        mismatched: comparesOthers ? answerBatch(others, pad, device) : undefined,
        reference: known
          ? tensor(
              examples.map(({ reference }) => [...reference!]),
              { dtype: 'float32', device },
            )
          : undefined,
        isGood: tensor(
          examples.map(({ isGood }) => Number(isGood)),
          { dtype: 'float32', device },
        ),
        good,
        bad: examples.length - good,
      };
    },

    reference: {
      of: (model, { answers, mismatched }) =>
        scope(() =>
          noGrad(() => {
            const own = scoreAnswers(model, answers).sums;
            return stack([own, mismatched ? scoreAnswers(model, mismatched).sums : own], 1);
          }),
        ),
      with: (example, reference) => ({ ...example, reference }),
    },

    state: () => ({ ...running }),
    restore({ mean = 0, count = 0 }) {
      running = { mean, count };
    },

    counts: ({ good, bad }) => ({
      feedback: good + bad,
      threshold: good + bad,
      chosenReward: good,
      rejectedReward: bad,
    }),

    means: (model, { answers, mismatched, reference, isGood, good, bad }) =>
      scope((): Means => {
        const policy = scoreAnswers(model, answers).sums;
        const ratios = policy.sub(reference ? reference.select(1, 0) : policy.detach());
        const gone =
          mismatched && reference && noGrad(() => scoreAnswers(model, mismatched).sums.sub(reference.select(1, 1)));
        const rewards = ratios.detach().mul(beta);
        if (loss === 'bco' && isGradEnabled()) running = withMore(running, rewards.mean().item(), good + bad);
        const divergence = gone ? gone.mean().clamp({ min: 0 }).item() : 0;
        const threshold = loss === 'bco' ? running.mean : beta * divergence;
        const signs = isGood.mul(2).sub(1); // 1 or −1
        const x = ratios.mul(beta).sub(threshold).mul(signs);
        const lost = loss === 'bco' ? logSigmoid(x).neg() : x.sigmoid().neg().add(1);
        const weights = isGood.mul(desirableWeight - undesirableWeight).add(undesirableWeight);
        return {
          feedback: lost.mul(weights).mean(),
          threshold: tensor([threshold], { dtype: 'float32' }).sum(),
          ...(good > 0 && { chosenReward: rewards.mul(isGood).sum().div(good) }),
          ...(bad > 0 && { rejectedReward: rewards.mul(isGood.neg().add(1)).sum().div(bad) }),
        };
      }),
  };
}
