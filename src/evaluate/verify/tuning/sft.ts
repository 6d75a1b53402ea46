/** Instruction tuning: rows, batches and losses as TRL's `SFTTrainer` makes them. */
import { z } from 'zod';
import type { Rows } from '../../../data/rows/rows.ts';
import { type ShapedKind, shapeReader } from '../../../data/rows/shapes.ts';
import { loadCompleteModel } from '../../../models/auto.ts';
import { IGNORE_INDEX } from '../../../models/losses.ts';
import type { Learnable } from '../../../objectives/conversations.ts';
import {
  type InstructionBatch,
  type InstructionExample,
  instruction,
  joined,
} from '../../../objectives/instruction.ts';
import type { ExamplePacking } from '../../../objectives/packing.ts';
import { UserError } from '../../../support/errors.ts';
import { parseOptions } from '../../../support/schema.ts';
import { inferenceMode, scope, type Tensor } from '../../../torch/index.ts';
import { type Check, compareExactly, compareNumbers, tolerances } from '../compare.ts';
import { stepsSchema, trainingSchema, verifyBatchTraining, wholeModelOf } from './batch-training.ts';
import { type TuningGolden, tuningTolerances } from './golden.ts';
import { recordedTokenizer } from './recorded-tokenizer.ts';

const options = z.strictObject({
  loss_type: z.enum(['nll', 'dft', 'chunked_nll']),
  max_length: z.int().nullable(),
  assistant_only_loss: z.boolean().default(false),
  completion_only_loss: z.boolean().optional(),
  packing: z.boolean().default(false),
  packing_strategy: z.enum(['bfd', 'bfd_split', 'wrapped']).optional(),
  padding_free: z.boolean().default(false),
  pad_to_multiple_of: z.int().optional(),
});
const caseSchema = z.looseObject({
  model: z.string(),
  dataset: z.array(z.record(z.string(), z.unknown())),
  batch_size: z.int(),
  options,
  chat_template: z.string().optional(),
  adamw: stepsSchema.optional(),
});
const ids = z.array(z.int());
const matrix = z.array(ids);
const resultSchema = z.looseObject({
  rows: z.array(z.looseObject({ input_ids: ids, labels: ids, seq_lengths: ids.optional() })),
  template_used: z.string().optional(),
  batches: z.array(
    z.looseObject({
      input_ids: matrix,
      labels: matrix,
      attention_mask: matrix.optional(),
      position_ids: matrix.optional(),
      loss: z.number(),
      predicted_labels: z.int(),
      loss_with_num_items: z.object({ num_items_in_batch: z.int(), loss_of: z.number() }),
      metrics: z.looseObject({ mean_token_accuracy: z.number() }),
    }),
  ),
  training: trainingSchema.optional(),
});
type Batch = z.output<typeof resultSchema>['batches'][number];

/** Recorded records as rows. */
export function rowsFrom<Kind extends ShapedKind>(kind: Kind, records: readonly object[], path: string): Rows[Kind][] {
  const reader = shapeReader(kind, {});
  return records.map((record, i) => {
    const found = reader.read(record);
    if (found.row === undefined) throw new UserError('TSLM_BAD_ROW', `${path}: record ${i + 1}: ${found.problem}`);
    return found.row as unknown as Rows[Kind];
  });
}

/** Sequences are never as long. */
const UNLIMITED = 1 << 14;

export function* verifySft(golden: TuningGolden): Generator<Check> {
  const given = parseOptions(caseSchema, golden.case, golden.path);
  const result = parseOptions(resultSchema, golden.result, golden.path);
  const { options: asked } = given;
  const folder = golden.locate(given.model);
  using model = loadCompleteModel(folder);
  const tokenizer = recordedTokenizer(folder, given.chat_template ?? result.template_used);
  const packing: ExamplePacking = asked.packing ? (asked.packing_strategy ?? 'bfd') : 'none';
  const isolates = asked.padding_free || packing === 'bfd' || packing === 'bfd_split';
  const rows = rowsFrom('instruction', given.dataset, golden.path);
  const objective = instruction(
    { tokenizer, context: asked.max_length ?? UNLIMITED },
    {
      learn: learnOf(asked, rows[0]),
      packing,
      loss: asked.loss_type === 'dft' ? 'dft' : 'nll',
      ...(asked.loss_type === 'chunked_nll' && { chunk: 64 }),
    },
  );
  const data = { length: rows.length, row: (index: number) => rows[index], fingerprint: '' };
  const arranged = objective.arrange(data, { skipBad: true });
  const examples = Array.from({ length: arranged.length }, (_, i) => arranged.row(i));

  const check = { section: 'sft', name: 'rows' };
  const expected = result.rows.map(row => ({ ids: row.input_ids, labels: apart(row.labels, row.seq_lengths) }));
  yield {
    ...check,
    quantity: 'ids',
    ...compareExactly(
      examples.map(one => [...one.ids]),
      expected.map(one => one.ids),
    ),
  };
  yield {
    ...check,
    quantity: 'labels',
    ...compareExactly(
      examples.map(one => [...one.labels]),
      expected.map(one => one.labels),
    ),
  };

  const size = given.batch_size;
  for (const [i, wanted] of result.batches.entries()) {
    const own = examples.slice(i * size, (i + 1) * size);
    yield* batchChecks(objective, model, { own, wanted, isolates, pad: tokenizer.padTokenId ?? 0 }, `batch ${i}`);
  }
  if (!result.training || !given.adamw) return;
  const lossOf = (): Tensor => objective.means(model, objective.batch(examples.slice(0, size), 'cpu')).words;
  yield* verifyBatchTraining(golden, wholeModelOf(model), lossOf, given.adamw, result.training, {
    section: 'sft',
    name: 'training',
  });
}

function learnOf({ assistant_only_loss: turns, completion_only_loss: answers }: z.output<typeof options>, row: object) {
  if (turns) return 'assistant';
  const isAll = answers === false || 'messages' in row;
  return (isAll ? 'all' : 'auto') satisfies Learnable;
}

/** Labels of a packed row, whose parts begin without a prediction. */
function apart(labels: readonly number[], lengths: readonly number[] = []): number[] {
  const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((a, b) => a + b, 0)).filter(start => start > 0);
  return labels.map((label, t) => (starts.includes(t) ? IGNORE_INDEX : label));
}

interface Given {
  own: readonly InstructionExample[];
  wanted: Batch;
  /** Recorded as one sequence, whose rows do not see each other. */
  isolates: boolean;
  pad: number;
}

function* batchChecks(
  objective: ReturnType<typeof instruction>,
  model: ReturnType<typeof loadCompleteModel>,
  { own, wanted, isolates, pad }: Given,
  name: string,
): Generator<Check> {
  const check = { section: 'sft', name };
  const pieces = own.map(({ ids: of }, index) => ({ index, from: 0, to: of.length }));
  const flat = isolates ? [withInnerStarts(joined(pieces, own, true), own)] : own;
  const width = wanted.input_ids[0].length;
  const batch = objective.batch(flat, 'cpu');
  const pairs = scope(() => seen(batch, flat, width, pad, isolates));
  yield { ...check, quantity: 'ids', ...compareExactly(pairs.ids, wanted.input_ids) };
  const labels = wanted.labels.map(row => row.map((label, t) => (t === 0 ? IGNORE_INDEX : label)));
  yield { ...check, quantity: 'labels', ...compareExactly(pairs.labels, labels) };
  if (wanted.attention_mask) {
    const mask = flat.map(({ ids: of }) => Array.from({ length: width }, (_, t) => (t < of.length ? 1 : 0)));
    yield { ...check, quantity: 'attention mask', ...compareExactly(mask, wanted.attention_mask) };
  }
  if (wanted.position_ids) {
    yield { ...check, quantity: 'positions', ...compareExactly(pairs.positions, wanted.position_ids) };
  }
  const count = objective.counts(batch).words;
  yield { ...check, quantity: 'predicted labels', ...compareExactly(count, wanted.predicted_labels) };
  const { words, accuracy } = scope(() => {
    const means = inferenceMode(() => objective.means(model, batch));
    return { words: means.words.item(), accuracy: means.accuracy.item() };
  });
  yield { ...check, quantity: 'loss', ...compareNumbers([words], [wanted.loss], tuningTolerances.loss) };
  const { num_items_in_batch: items, loss_of: part } = wanted.loss_with_num_items;
  yield {
    ...check,
    quantity: `loss of ${items}`,
    ...compareNumbers([(words * count) / items], [part], tuningTolerances.loss),
  };
  const shares = [[accuracy], [wanted.metrics.mean_token_accuracy]] as const;
  yield { ...check, quantity: 'accuracy', ...compareNumbers(...shares, tolerances.logProbs) };
}

/** A row that is joined of packed rows begins where these have parts, too. */
function withInnerStarts(row: InstructionExample, own: readonly InstructionExample[]): InstructionExample {
  let at = 0;
  const starts = own.flatMap(({ ids: of, starts: inner }) => {
    const all = [0, ...inner].map(start => start + at);
    at += of.length;
    return all;
  });
  return { ...row, starts: starts.filter(start => start > 0) };
}

/** What a batch holds, in the form of TRL's collator. */
function seen(
  { inputIds, targets, documentStarts }: InstructionBatch,
  rows: readonly InstructionExample[],
  width: number,
  pad: number,
  isolates: boolean,
) {
  const time = inputIds.size(1);
  const wide = (row: readonly number[], fill: number): number[] => [
    ...row,
    ...Array.from({ length: width - row.length }, () => fill),
  ];
  const labels = rows.map(() => new Array<number>(width).fill(IGNORE_INDEX));
  const places = targets.places.toNumbers();
  for (const [i, label] of targets.labels.toNumbers().entries()) {
    labels[Math.floor(places[i] / time)][(places[i] % time) + 1] = label;
  }
  const starts = documentStarts?.toNumbers() ?? new Float64Array(inputIds.numel);
  return {
    ids: inputIds.unbind().map(row => wide([...row.toNumbers()], pad)),
    labels,
    positions: isolates ? [Array.from({ length: time }, (_, t) => t - Number(starts[t]))] : undefined,
  };
}
