/**
 * Text that the model was trained on before: a part is learnt again with every update so that it is not forgotten (Robins 1995), and
 * a part that never is says whether it was. It is found in the model's run.json, or given as rows in files.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openCorpus } from '../../data/corpus/corpus.ts';
import { corpusWindows, evaluationWindows } from '../../data/rows/corpus-windows.ts';
import { readRows } from '../../data/rows/read-rows.ts';
import type { Rows } from '../../data/rows/rows.ts';
import { IGNORE_INDEX } from '../../models/losses.ts';
import type { Model } from '../../models/model.ts';
import { distillation } from '../../objectives/distillation.ts';
import { type InstructionExample, instruction } from '../../objectives/instruction.ts';
import type { AnyObjective, ObjectiveContext } from '../../objectives/objective.ts';
import { sequenceClassification } from '../../objectives/sequence-classification.ts';
import { packingOfModel } from '../../runs/lineage.ts';
import { usageError } from '../../support/errors.ts';
import { readJson } from '../../support/files.ts';
import { createRandom, type Random } from '../../support/random.ts';

export interface Replay {
  /** Where it comes from, for people. */
  from: string;
  /** Made with the champion, from which its distribution is kept. */
  objective(champion: Model, kl: number): AnyObjective;
  /** What measures the loss on `heldOut`. */
  measured: AnyObjective;
  /** An example of what was learnt before, drawn at random. */
  draw(random: Random): unknown;
  heldOut: unknown[];
}

export interface ReplayOptions {
  /** Files of rows in place of what run.json names. */
  files?: readonly string[];
  /** Most held-out examples. */
  windows: number;
  seed: number;
}

/** Tokens of a window at most: that much says whether something is forgotten. */
const WINDOW = 256;
const HELD_OUT = 0.2;

/** @throws UserError when it is not known what the model was trained on, with what to do */
export async function openReplay(base: string, context: ObjectiveContext, options: ReplayOptions): Promise<Replay> {
  const { files, windows, seed } = options;
  const path = join(base, 'run.json');
  const recorded = existsSync(path) ? (readJson(path) as Recorded) : {};
  const kind = context.model?.task === 'sequenceClassification' ? 'labelled' : 'instruction';
  if (files) return ofRows(await rowsOf(kind, files, {}), files.join(', '), context, { windows, seed, kind });
  const corpus = recorded.data?.corpus;
  if (corpus !== undefined && kind === 'instruction' && existsSync(join(corpus, 'corpus.json'))) {
    return ofCorpus(corpus, base, context, { windows, seed });
  }
  const { train, columns } = recorded.recipe?.data ?? {};
  const paths = [train ?? []].flat().map(one => resolve(typeof one === 'string' ? one : one.path));
  if (paths.length > 0 && paths.every(one => existsSync(one)) && recorded.recipe?.objective?.name === NAMES[kind]) {
    return ofRows(await rowsOf(kind, paths, columns ?? {}), paths.join(', '), context, { windows, seed, kind });
  }
  throw usageError(
    'TSLM_NO_REPLAY',
    `${base}: it is not known what this model was trained on, so that nothing would keep it from forgetting that`,
    `give rows of it with --replay FILE (${kind === 'labelled' ? 'text, label' : 'text, or prompt and completion, or messages'})`,
  );
}

interface Recorded {
  data?: { corpus?: string };
  recipe?: {
    objective?: { name?: string };
    data?: { train?: string | (string | { path: string })[]; columns?: Record<string, string> };
  };
}

const NAMES = { instruction: 'instruction', labelled: 'sequence-classification' };
type Kind = keyof typeof NAMES;

async function rowsOf(kind: Kind, paths: readonly string[], columns: Record<string, string>) {
  const { length, row } = await readRows(kind, paths, { columns });
  return Array.from({ length }, (_, i) => row(i) as Rows['instruction'] | Rows['labelled']);
}

/** Windows of the training split; those that are held out are of the validation split. */
function ofCorpus(folder: string, base: string, context: ObjectiveContext, { windows, seed }: ReplayOptions): Replay {
  const corpus = openCorpus(folder);
  const length = Math.min(context.context, WINDOW);
  const isolates = packingOfModel(base) === 'documents' && context.model!.backbone.isolatesDocuments;
  const exampleOf = ({ ids, starts }: Rows['tokens']): InstructionExample => {
    const labels = Int32Array.from(ids);
    labels[0] = IGNORE_INDEX;
    const kept = isolates ? starts.filter(start => start > 0) : [];
    for (const start of kept) labels[start] = IGNORE_INDEX;
    return { ids: Uint32Array.from(ids), labels, starts: kept };
  };
  const training = corpusWindows(corpus.split('train'), { length, stride: length - 1, seed });
  const held = evaluationWindows(corpus.split('validation'), { length, stride: length - 1, limit: windows });
  return {
    from: folder,
    objective: (champion, kl) => keeping(context, champion, kl),
    measured: instruction(context),
    draw: random => exampleOf(training.row(random.below(training.length), random.below(1000))),
    heldOut: Array.from({ length: held.length }, (_, i) => exampleOf(held.row(i))),
  };
}

function ofRows(
  rows: readonly (Rows['instruction'] | Rows['labelled'])[],
  from: string,
  context: ObjectiveContext,
  { windows, seed, kind }: ReplayOptions & { kind: Kind },
): Replay {
  const measured: AnyObjective = kind === 'labelled' ? sequenceClassification(context) : instruction(context);
  const random = createRandom(seed);
  const shuffled = random.shuffle([...rows]);
  const count = Math.min(windows, Math.max(1, Math.round(shuffled.length * HELD_OUT)));
  const exampleOf = (row: unknown): unknown => measured.example(row as never, random, 1);
  const [held, open] = [shuffled.slice(0, count), shuffled.slice(count)];
  if (open.length === 0) {
    throw usageError('TSLM_NO_REPLAY', `${from}: ${rows.length} rows are too few to hold some out`, 'give more rows');
  }
  return {
    from,
    objective: (champion, kl) => (kind === 'labelled' ? measured : keeping(context, champion, kl)),
    measured,
    draw: draws => exampleOf(open[draws.below(open.length)]),
    heldOut: held.map(exampleOf),
  };
}

/** The words themselves, and the champion's distribution of them (Li & Hoiem 2016, learning without forgetting). */
function keeping(context: ObjectiveContext, champion: Model, kl: number): AnyObjective {
  if (kl === 0) return instruction(context);
  const objective = distillation(context, { teacher: champion, words: 1 });
  return { ...objective, weights: { ...objective.weights, divergence: kl } };
}
