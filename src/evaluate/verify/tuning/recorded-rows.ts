/** Rows that are tokens already, and objectives that take them as examples. */
import { z } from 'zod';
import { IGNORE_INDEX } from '../../../models/losses.ts';
import type { Model } from '../../../models/model.ts';
import { causal } from '../../../objectives/causal.ts';
import type { AnyObjective } from '../../../objectives/objective.ts';
import { questionAnswering } from '../../../objectives/question-answering.ts';
import { sequenceClassification } from '../../../objectives/sequence-classification.ts';
import { tokenClassification } from '../../../objectives/token-classification.ts';
import { UserError } from '../../../support/errors.ts';
import { tokenizerOf } from '../objectives/vocabulary.ts';

const ids = z.array(z.int());
export const rowSchema = z.looseObject({
  input_ids: ids,
  token_type_ids: ids.optional(),
  labels: z.union([z.int(), ids]).optional(),
  start_positions: z.int().optional(),
  end_positions: z.int().optional(),
});
export type RecordedRow = z.output<typeof rowSchema>;

/** The objective that the model's head is for; its rows are recorded ones. */
export function objectiveFor(model: Model, labelSmoothing: number): AnyObjective {
  const { task, config, maxPositions } = model;
  const pad = Number(config.pad_token_id ?? 0);
  const tokenizer = tokenizerOf(Number(config.vocab_size), { pad, cls: 2, sep: 3 });
  const context = { tokenizer, context: maxPositions, model };
  const encoded = ({ input_ids, token_type_ids }: RecordedRow) => ({
    ids: input_ids,
    types: token_type_ids ?? input_ids.map(() => 0),
  });
  switch (task) {
    case 'causalLM':
      return {
        ...causal(context, { labelSmoothing }),
        example({ input_ids, labels }: RecordedRow) {
          const given = labels as number[];
          const ends = input_ids.slice(1).flatMap((_, t) => (given[t + 1] === IGNORE_INDEX ? [t] : []));
          return { ids: Uint32Array.from(input_ids), starts: [], ends };
        },
      } as AnyObjective;
    case 'sequenceClassification':
      return {
        ...sequenceClassification(context, { labelSmoothing }),
        example: (row: RecordedRow) => ({ ...encoded(row), label: row.labels }),
      } as AnyObjective;
    case 'tokenClassification':
      return {
        ...tokenClassification(context, { labelSmoothing }),
        example: (row: RecordedRow) => ({ ...encoded(row), labels: row.labels }),
      } as AnyObjective;
    case 'questionAnswering':
      return {
        ...questionAnswering(context, { scorePadding: true }),
        example: (row: RecordedRow) => ({ ...encoded(row), start: row.start_positions, end: row.end_positions }),
      } as AnyObjective;
    default:
      throw new UserError('TSLM_NO_GOLDEN', `no objective takes recorded rows for a head of the kind ${task}`);
  }
}
