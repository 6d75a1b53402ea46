/**
 * Multi-token prediction (Gloeckle et al. 2024, arXiv:2404.19737): each position predicts the next token and those after it, by
 * heads side by side over a shared trunk (DeepSeek-V3 has them one after the other). The heads are saved below the model,
 * which stays the plain one of its family, and can guess ahead for it (`strategies/multi-token-drafter.ts`).
 */
import { z } from 'zod';
import type { Tokens } from '../data/rows/rows.ts';
import type { LMHead } from '../models/heads/lm.ts';
import { IGNORE_INDEX, tokenLoss } from '../models/losses.ts';
import type { Model } from '../models/model.ts';
import { MultiTokenHeads } from '../models/multi-token-heads.ts';
import { int64Tensor, isGradEnabled, scope, type Tensor } from '../torch/index.ts';
import { padRows } from './batches.ts';
import { bordersOf, documentStartsOf } from './causal.ts';
import type { Means, Objective, ObjectiveContext } from './objective.ts';

export const multiTokenOptions = z.strictObject({
  name: z.literal('multi-token'),
  /** Tokens that each position predicts, the next one included. */
  tokens: z.int().min(2).max(16).default(4),
  /** Weight of the loss of each token after the next one, whose own is 1. */
  furtherWeight: z.number().positive().default(1),
});

export type MultiTokenOptions = Partial<Omit<z.output<typeof multiTokenOptions>, 'name'>>;

export interface MultiTokenExample {
  /** Of the inputs, and as many more as are predicted from the last one. */
  ids: Tokens;
  /** Where the inputs of documents begin, rising; empty where a window is one text. */
  starts: readonly number[];
}

export interface MultiTokenBatch {
  /** int64 [batch, time] */
  inputIds: Tensor;
  documentStarts: Tensor | undefined;
  /** For each token ahead, the next one first: int64 [batch, time], −100 where it is another document's. */
  targets: Tensor[];
  /** Targets that count, of each head. */
  words: number[];
}

/** `words` for the next token, `words2` for the one after it, … */
const termOf = (ahead: number, name = 'words'): string => (ahead === 1 ? name : `${name}${ahead}`);

/**
 * Without a model it makes examples and batches, and no losses.
 *
 * @throws UserError for a model that is no decoder
 */
export function multiToken(
  { context, model, packing = 'stream', endBegins = false, tokenizer }: ObjectiveContext,
  { tokens = 4, furtherWeight = 1 }: MultiTokenOptions = {},
): Objective<'tokens', MultiTokenExample, MultiTokenBatch> {
  const heads = model && new MultiTokenHeads(model, tokens - 1).copyLast();
  const all = Array.from({ length: tokens }, (_, i) => i + 1);
  return {
    name: 'multi-token',
    rows: 'tokens',
    tasks: ['causalLM'],
    weights: Object.fromEntries(all.map(ahead => [termOf(ahead), ahead === 1 ? 1 : furtherWeight])),
    companions: heads && { 'multi-token': heads },
    window: context + tokens,
    overlap: tokens,

    example: ({ ids, starts }) => ({
      ids: ids.subarray(0, context + tokens),
      starts: packing === 'stream' ? [] : bordersOf(starts, endBegins).starts,
    }),

    lengthOf: ({ ids }) => inputsOf(ids, context).length,

    batch(examples, device) {
      const rows = examples.map(({ ids }) => inputsOf(ids, context));
      const time = Math.max(...rows.map(({ length }) => length));
      const words: number[] = [];
      const targets = all.map(ahead => {
        const values = new Float64Array(examples.length * time).fill(IGNORE_INDEX);
        let count = 0;
        for (const [row, { ids, starts }] of examples.entries()) {
          for (let t = 0; t < rows[row].length && t + ahead < ids.length; t++) {
            // What ends a document may be what begins the next one: it is predicted from both.
            const border = starts.find(start => start > t);
            if (border !== undefined && t + ahead >= border + (endBegins ? 1 : 0)) continue;
            values[row * time + t] = ids[t + ahead];
            count++;
          }
        }
        words.push(count);
        return int64Tensor(values, [examples.length, time], { device });
      });
      const holdsTwo = examples.some(({ starts }) => starts.some(start => start > 0 && start < time));
      return {
        inputIds: padRows(rows, tokenizer.padTokenId ?? 0, device),
        documentStarts: holdsTwo ? documentStartsOf(examples, time, device) : undefined,
        targets,
        words,
      };
    },

    counts: ({ words }) =>
      Object.fromEntries(
        words.flatMap((count, i) => [
          [termOf(i + 1), count],
          [termOf(i + 1, 'accuracy'), count],
        ]),
      ),

    means: (model, { inputIds, documentStarts, targets, words }) =>
      scope((): Means => {
        if (!heads) throw new RangeError('further tokens are predicted by heads beside a model');
        heads.train(model.training);
        const inputs = { inputIds, documentStarts, outputHiddenStates: true };
        const { lastHiddenState, hiddenStates } = model.backbone.forward(inputs);
        const trunk = hiddenStates!.at(-2)!;
        const means: Means = {};
        for (const [i, own] of targets.entries()) {
          if (words[i] === 0) continue;
          if (isGradEnabled()) {
            means[termOf(i + 1)] =
              i === 0 ? wordHead(model).loss(lastHiddenState, own) : heads.loss(i - 1, trunk, own, { documentStarts });
            continue;
          }
          const states = i === 0 ? lastHiddenState : heads.states(heads.blocks[i - 1], trunk, { documentStarts });
          Object.assign(means, judged(wordHead(model).scores(states), own, i + 1, words[i]));
        }
        return means;
      }),
  };
}

const wordHead = ({ head }: Model): LMHead => head as LMHead;

/** What is read: there is a next token for each. */
const inputsOf = (ids: Tokens, context: number): Tokens => ids.subarray(0, Math.min(context, ids.length - 1));

/** @param scores [batch, time, vocab] */
const judged = (scores: Tensor, targets: Tensor, ahead: number, count: number): Means =>
  scope(() => ({
    [termOf(ahead)]: tokenLoss(scores, targets),
    [termOf(ahead, 'accuracy')]: scores.argmax({ dim: -1 }).eq(targets).to('float32').sum().div(count),
  }));
