/** How often a model chooses the right answer. */
import type { Rows } from '../../data/rows/rows.ts';
import { inputsOf } from '../../objectives/encodings.ts';
import { answerOf, choiceScores, multipleChoice } from '../../objectives/multiple-choice.ts';
import { inferenceMode, scope } from '../../torch/index.ts';
import { type RowScores, type Scored, shareOf } from './row-scores.ts';

/** Questions that are read at a time. */
const TOGETHER = 8;

export function scoreChoices({ model, tokenizer, context }: Scored, rows: readonly Rows['choice'][]): RowScores {
  const objective = multipleChoice({ tokenizer, context: context ?? model.maxPositions });
  model.eval();
  const right: boolean[] = [];
  for (let start = 0; start < rows.length; start += TOGETHER) {
    scope(() => {
      const part = rows.slice(start, start + TOGETHER);
      const examples = part.map(row => objective.example(row, undefined as never));
      const batch = objective.batch(examples, model.device);
      const { logits } = inferenceMode(() => model.forward(inputsOf(model, batch)));
      const chosen = choiceScores(logits!, batch).argmax({ dim: -1 }).toNumbers();
      right.push(...part.map((row, i) => Number(chosen[i]) === answerOf(row)));
    });
  }
  const even = rows.reduce((sum, { choices }) => sum + 1 / choices.length, 0) / rows.length;
  return {
    metrics: { accuracy: right.filter(Boolean).length / rows.length, byChance: even },
    ...shareOf(right),
    rows: rows.length,
  };
}
