/**
 * From rows and a model to a model that does what the rows show: look at both, write a recipe, measure a step, train, and
 * compare with what is simple.
 */
import { basename, join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { FileRowKind } from '../../data/rows/columns.ts';
import { firstRecords } from '../../data/rows/first-record.ts';
import { kindOf } from '../../data/rows/kind-of.ts';
import { readRows } from '../../data/rows/read-rows.ts';
import type { Rows } from '../../data/rows/rows.ts';
import { scoreRows } from '../../evaluate/rows/score-rows.ts';
import { describeModel, loadCompleteModel, modelFolder } from '../../models/auto.ts';
import { writeFileAtomically, writeJson } from '../../support/files.ts';
import { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { parseRecipe } from '../recipe.ts';
import type { Recipe } from '../recipe-schema.ts';
import { type RunOptions, type RunResult, startRun } from '../run.ts';
import { refuseOccupied } from '../run-folder.ts';
import { openSource, type RunSource } from '../run-source.ts';
import { type Baseline, baselinesOf } from './baselines.ts';
import { modelCard } from './card.ts';
import type { FinetunePlan } from './finetune-plan.ts';
import { look } from './look.ts';
import { measureSteps } from './measure.ts';
import { planRecipe } from './plan.ts';
import { requireWay } from './ways.ts';

export interface FinetuneOptions {
  /** Folder of the run. Default `runs/` and the name of the first file. */
  out?: string;
  /** Rows to evaluate on: files, or a share of the rows. Default 0.1. */
  validation?: readonly string[] | number;
  /** What columns are called, where it is another name. Default: found out. */
  columns?: Record<string, string>;
  skipBad?: boolean;
  epochs?: number;
  batchSize?: number;
  lr?: number;
  /** Default 0. */
  seed?: number;
}

/** @throws UserError when the rows are no kind that is known, model and rows do not fit, or memory is short */
export async function planFinetune(
  path: string,
  data: readonly string[],
  options: FinetuneOptions = {},
): Promise<FinetunePlan> {
  const folder = modelFolder(path);
  const { validation = 0.1, skipBad = false, seed = 0 } = options;
  const name = basename(data[0])
    .replace(/\.(gz|zst)$/, '')
    .replace(/\.[^.]*$/, '')
    .replace(/[^\p{L}\p{M}\p{N}_.-]/gu, '-');
  const out = options.out ?? join('runs', name);
  refuseOccupied(out);
  const found = kindOf(await firstRecords(data), data.join(', '), options.columns);
  const { kind } = found;
  requireWay(kind);
  const columns = { ...found.columns, ...options.columns };
  const rows = await readRows(kind, data, { columns, skipBad });
  const { model } = describeModel(folder);
  const seen = look(kind, rows, { tokenizer: Tokenizer.fromFile(folder), maxPositions: model.maxPositions });
  const training = typeof validation === 'number' ? rows.length - Math.round(rows.length * validation) : rows.length;
  const { epochs, batchSize, lr } = options;
  const written = planRecipe(kind, seen, model, training, {
    ...{ name, model: folder, data: data.map(one => resolve(one)), columns, skipBad, seed, epochs, batchSize, lr },
    validation: typeof validation === 'number' ? validation : validation.map(one => resolve(one)),
  });
  const recipe = parseRecipe(written, 'the recipe for these rows');
  const source = await openSource(recipe);
  return {
    kind,
    columns,
    look: seen,
    heldOut: Number(source.facts.held_out_rows),
    model: {
      path: folder,
      modelType: model.family.modelType,
      parameters: model.parameterCount(),
      hasHead: hasHead(folder, recipe),
    },
    recipe,
    written,
    cost: await measureSteps(recipe, source, model.parameterCount()),
    out,
  };
}

/** Whether the model did the task before. */
function hasHead(folder: string, { model }: Recipe): boolean {
  const { architectures, id2label } = describeModel(folder).model.config as {
    architectures?: string[];
    id2label?: Record<string, string>;
  };
  if (architectures?.[0] !== model.architecture) return false;
  return model.labels === undefined || model.labels.join() === Object.values(id2label ?? {}).join();
}

export interface FinetuneResult {
  run: RunResult;
  /** The best checkpoint, the model that it began with, and what is simple, on the rows that were held out. */
  scores: Baseline[];
}

/** Trains as planned; the scores are kept beside the model, with its card. */
export async function finetune(plan: FinetunePlan, options: RunOptions = {}): Promise<FinetuneResult> {
  const { kind, recipe, out } = plan;
  const run = await startRun(recipe, out, options);
  if (!run.finished) return { run, scores: [] };
  const source = await openSource(recipe);
  const scores = scoresOf(kind, plan, source);
  const folder = join(out, 'model');
  writeJson(join(out, 'scores.json'), scores);
  writeFileAtomically(join(folder, 'README.md'), modelCard(plan, run, scores));
  return { run, scores };
}

function scoresOf(kind: FileRowKind, { recipe, out, model }: FinetunePlan, source: RunSource): Baseline[] {
  const [training, heldOut] = source.rowsOf!().map(all);
  const ofFolder = (name: string, folder: string): Baseline[] => {
    const tokenizer = Tokenizer.fromFile(folder);
    const network = loadCompleteModel(folder, { device: recipe.train.device });
    try {
      const scores = scoreRows(kind, { model: network, tokenizer }, heldOut as Rows[typeof kind][]);
      return scores ? [{ name, scores }] : [];
    } finally {
      network.dispose();
    }
  };
  return [
    ...ofFolder('this model', join(out, 'model')),
    ...(model.hasHead ? ofFolder('the model before', model.path) : []),
    ...baselinesOf(kind, training as never, heldOut as never),
  ];
}

const all = <Row>({ length, row }: { length: number; row(index: number): Row }): Row[] =>
  Array.from({ length }, (_, i) => row(i));

/** The recipe as a file, for who wants to change it. */
export const recipeText = ({ written }: FinetunePlan): string => stringify(written);
