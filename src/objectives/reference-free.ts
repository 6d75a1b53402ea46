/** What preferences without a reference share: likelihoods of pairs, and the likelihood of the chosen text that holds them in place. */
import type { Model } from '../models/model.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { type Device, isGradEnabled, type Tensor } from '../torch/index.ts';
import { type AnswerScores, pairOf, scoreAnswers } from './answers.ts';
import { arrangeRows } from './arrange.ts';
import { statesAt, type Targets, targetsOf } from './batches.ts';
import { type PairBatch, type PairExample, pairBatch } from './dpo.ts';
import { logProbabilities } from './log-probabilities.ts';
import type { Objective } from './objective.ts';
import { wordHead } from './text-to-text.ts';

type PairObjective = Objective<'preference', PairExample, PairBatch>;

/** Examples of pairs, as objectives without a reference read them. */
export function pairExamples(
  tokenizer: Tokenizer,
  context: number,
): Pick<PairObjective, 'example' | 'lengthOf' | 'rows'> & Required<Pick<PairObjective, 'arrange'>> {
  const example: PairObjective['example'] = row => {
    const [chosen, rejected] = pairOf(tokenizer, row, context);
    return { chosen, rejected };
  };
  return {
    rows: 'preference',
    example,
    arrange: (rows, { skipBad = false } = {}) => arrangeRows(rows, skipBad, row => example(row, undefined as never)),
    lengthOf: ({ chosen, rejected }) => chosen.ids.length + rejected.ids.length,
  };
}

export interface WholeBatch extends PairBatch {
  /** All tokens of the chosen sequences, prompts included. */
  whole: Targets;
}

export function wholeBatch(examples: readonly PairExample[], pad: number, device: Device): WholeBatch {
  const batch = pairBatch(examples, pad, device);
  const time = batch.inputIds.size(1);
  const rows = examples.map(({ chosen: { ids } }) =>
    Array.from({ length: time }, (_, t) => (t + 1 < ids.length ? ids[t + 1] : -100)),
  );
  return { ...batch, whole: targetsOf(rows, device) };
}

/** The scores of the answers, and the mean −log p of all tokens of the chosen sequences. */
export function scoreWhole(model: Model, { whole, ...batch }: WholeBatch): AnswerScores & { words: Tensor } {
  const { lastHiddenState } = model.backbone.forward({ inputIds: batch.inputIds });
  const head = wordHead(model);
  const words = isGradEnabled()
    ? head.loss(statesAt(lastHiddenState, whole), whole.labels)
    : logProbabilities(head.scores(statesAt(lastHiddenState, whole)), whole.labels)
        .mean()
        .neg();
  return { ...scoreAnswers(model, batch, lastHiddenState), words };
}
