/**
 * Instruction tuning, also called supervised fine-tuning (Wei et al. 2022; Ouyang et al. 2022): a language model learns the answers
 * of conversations, and not what it is asked. Rows are tokenised once, and may be packed together without seeing each other.
 */
import { z } from 'zod';
import type { Rows } from '../data/rows/rows.ts';
import { IGNORE_INDEX } from '../models/losses.ts';
import { UserError } from '../support/errors.ts';
import { type Device, int64Tensor, isGradEnabled, scope, type Tensor } from '../torch/index.ts';
import { arrangeRows } from './arrange.ts';
import { longest, padRows, type Targets, targetsOf, wordMeans } from './batches.ts';
import { learnables, taught } from './conversations.ts';
import { chunkedMeans, dynamicMeans } from './log-probabilities.ts';
import { withNoise } from './neftune.ts';
import type { Arranged, Objective, ObjectiveContext } from './objective.ts';
import { type Piece, packExamples, packings } from './packing.ts';
import { wordHead } from './text-to-text.ts';

export const instructionOptions = z.strictObject({
  name: z.literal('instruction'),
  /** Which tokens are learnt; `auto`: turns of the assistant in conversations, completions after prompts, all of a text. */
  learn: z.enum(learnables).default('auto'),
  /** How rows share a sequence: alone, by best fit (cut, or split where they are too long), or as one stream that is cut anywhere. */
  packing: z.enum(packings).default('none'),
  /** `nll`, or `dft`: each token's loss weighted by its own probability. */
  loss: z.enum(['nll', 'dft']).default('nll'),
  /** α of noise on word vectors (NEFTune); the paper has 5, 10 and 15. */
  neftune: z.number().min(0).default(0),
  /** Tokens whose scores are in memory at a time. Default: those of a batch that count. */
  chunk: z.int().positive().optional(),
});

export type InstructionOptions = Partial<Omit<z.output<typeof instructionOptions>, 'name'>>;

export interface InstructionExample {
  ids: Uint32Array;
  /** The token itself where it is learnt, −100 elsewhere and where a document begins. */
  labels: Int32Array;
  /** Where rows begin that are packed into it and do not see each other, the first one left out. */
  starts: readonly number[];
}

export interface InstructionBatch {
  /** int64 [batch, time] */
  inputIds: Tensor;
  /** int64 [batch, time]: where the row of each position begins; absent where none holds two */
  documentStarts?: Tensor;
  /** Each predicted by the position before it. */
  targets: Targets;
}

/** @throws UserError when rows are packed without seeing each other, and the model cannot keep them apart */
export function instruction(
  { tokenizer, context, model }: ObjectiveContext,
  { learn = 'auto', packing = 'none', loss = 'nll', neftune = 0, chunk }: InstructionOptions = {},
): Objective<'instruction', InstructionExample, InstructionBatch> & {
  arrange: NonNullable<Objective<'instruction', InstructionExample>['arrange']>;
} {
  const isolates = packing === 'bfd' || packing === 'bfd_split';
  if (isolates && model && !model.backbone.isolatesDocuments) {
    throw new UserError('TSLM_CANNOT_ISOLATE', `a ${model.family.modelType} model cannot keep packed rows apart`, {
      hint: 'take objective.packing: none',
      exitCode: 2,
    });
  }
  const exampleOf = (row: Rows['instruction']): InstructionExample & { isUneven?: boolean } => {
    const { ids, isTarget, isUneven } = taught(tokenizer, row, learn);
    return { ids, labels: Int32Array.from(ids, (id, i) => (isTarget[i] ? id : IGNORE_INDEX)), starts: [], isUneven };
  };
  const isCut = packing === 'none' || packing === 'bfd';
  return {
    name: 'instruction',
    rows: 'instruction',
    tasks: ['causalLM'],
    weights: { words: 1 },

    example: row => cutTo(exampleOf(row), context),

    arrange(rows, { skipBad = false } = {}): Arranged<InstructionExample> {
      let [cut, uneven] = [0, 0];
      const arranged = arrangeRows(rows, skipBad, row => {
        const whole = exampleOf(row);
        const example = isCut ? cutTo(whole, context) : whole;
        requireTargets(example, whole, context);
        if (whole.ids.length > example.ids.length) cut++;
        if (whole.isUneven) uneven++;
        return example;
      });
      const notes = [
        ...(cut > 0
          ? [`${cut} of ${rows.length} rows are longer than ${context} tokens, and cut (model.context)`]
          : []),
        ...(uneven > 0 ? [`in ${uneven} rows ${UNEVEN}`] : []),
      ];
      return { ...packed(arranged, context, packing, isolates), notes: [...arranged.notes, ...notes] };
    },

    lengthOf: ({ ids }) => ids.length,

    batch(examples, device) {
      const rows = examples.map(({ ids }) => ids);
      const labels = examples.map(example => [...example.labels.subarray(1), IGNORE_INDEX]);
      return {
        inputIds: padRows(rows, tokenizer.padTokenId ?? 0, device),
        documentStarts: documentStartsOf(examples, device),
        targets: targetsOf(labels, device),
      };
    },

    counts: ({ targets: { count } }) => ({ words: count, accuracy: count }),

    means: (one, { inputIds, documentStarts, targets }) =>
      scope(() => {
        const { lastHiddenState } = one.backbone.forward(withNoise(one, { inputIds, documentStarts }, neftune));
        const head = wordHead(one);
        if (loss === 'dft') return dynamicMeans(head, lastHiddenState, targets);
        const isChunked = chunk !== undefined && isGradEnabled() && targets.count > 0;
        return isChunked
          ? chunkedMeans(head, lastHiddenState, targets, chunk)
          : wordMeans(head, lastHiddenState, targets);
      }),
  };
}

const UNEVEN =
  'the chat template writes turns otherwise when they are the last one: they were found by what they say, each with the token that ends it';

const cutTo = ({ ids, labels, starts }: InstructionExample, most: number): InstructionExample => ({
  ids: ids.subarray(0, most),
  labels: labels.subarray(0, most),
  starts,
});

/** The first token of a row is predicted from nothing. */
const firstTarget = ({ labels }: InstructionExample): number => labels.findIndex((label, t) => t > 0 && label >= 0);

function requireTargets(example: InstructionExample, whole: InstructionExample, context: number): void {
  if (firstTarget(example) >= 0) return;
  const first = firstTarget(whole);
  throw new UserError(
    'TSLM_NO_TARGET',
    first < 0
      ? 'no token of it is to be learnt'
      : `no token of it is to be learnt: its first answer begins at token ${first + 1}, and rows are cut to ${context}`,
    { hint: first < 0 ? 'give it an answer of the assistant' : 'make model.context longer, or the prompt shorter' },
  );
}

function packed(
  arranged: Arranged<InstructionExample>,
  most: number,
  packing: (typeof packings)[number],
  isolates: boolean,
): Arranged<InstructionExample> {
  if (packing === 'none') return arranged;
  const examples = Array.from({ length: arranged.length }, (_, i) => arranged.row(i));
  const rows = packExamples(
    examples.map(({ ids }) => ids.length),
    most,
    packing,
  ).map(pieces => joined(pieces, examples, isolates));
  const trained = rows.filter(row => firstTarget(row) >= 0);
  return { ...arranged, length: trained.length, row: index => trained[index], place: undefined };
}

/** Pieces as one row. Where they do not see each other, the first token of each is predicted from nothing. */
export function joined(
  pieces: readonly Piece[],
  examples: readonly InstructionExample[],
  isolates: boolean,
): InstructionExample {
  const length = pieces.reduce((sum, { from, to }) => sum + to - from, 0);
  const row = { ids: new Uint32Array(length), labels: new Int32Array(length), starts: [] as number[] };
  let at = 0;
  for (const { index, from, to } of pieces) {
    row.ids.set(examples[index].ids.subarray(from, to), at);
    row.labels.set(examples[index].labels.subarray(from, to), at);
    if (isolates && at > 0) {
      row.starts.push(at);
      row.labels[at] = IGNORE_INDEX;
    }
    at += to - from;
  }
  return row;
}

/** int64 [batch, time]; undefined where no row holds two */
function documentStartsOf(examples: readonly InstructionExample[], device: Device): Tensor | undefined {
  if (examples.every(({ starts }) => starts.length === 0)) return undefined;
  const time = longest(examples.map(({ ids }) => ids));
  const values = new Float64Array(examples.length * time);
  for (const [row, { starts }] of examples.entries()) {
    for (const [i, start] of starts.entries()) {
      values.fill(start, row * time + start, row * time + (starts[i + 1] ?? time));
    }
  }
  return int64Tensor(values, [examples.length, time], { device });
}
