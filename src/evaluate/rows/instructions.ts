/** How likely a model holds answers that people gave: the loss of their tokens, as instruction tuning has it. */
import type { Rows } from '../../data/rows/rows.ts';
import { instruction } from '../../objectives/instruction.ts';
import { inferenceMode, scope } from '../../torch/index.ts';
import type { RowScores, Scored } from './row-scores.ts';

/** Rows that are read at a time. */
const TOGETHER = 8;

/** Mean −log p of the tokens of the answers in nats, e to that, and the share of them that are the most probable ones. */
export function scoreInstructions(
  { model, tokenizer, context }: Scored,
  rows: readonly Rows['instruction'][],
): RowScores {
  const objective = instruction({ tokenizer, context: context ?? model.maxPositions, model });
  model.eval();
  let [loss, right, tokens] = [0, 0, 0];
  for (let start = 0; start < rows.length; start += TOGETHER) {
    scope(() => {
      const examples = rows.slice(start, start + TOGETHER).map(row => objective.example(row, undefined as never));
      const batch = objective.batch(examples, model.device);
      const { count } = batch.targets;
      if (count === 0) return;
      const { words, accuracy } = inferenceMode(() => objective.means(model, batch));
      loss += words.item() * count;
      right += accuracy.item() * count;
      tokens += count;
    });
  }
  return {
    metrics: { loss: loss / tokens, perplexity: Math.exp(loss / tokens), accuracy: right / tokens },
    rows: rows.length,
  };
}
