/**
 * From rows and a model to a model that does what the rows show: look at both, write a recipe, measure a step, train, and
 * compare with what is simple.
 */
import { basename, join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { firstRecords } from '../../data/rows/first-record.ts';
import { kindOf } from '../../data/rows/kind-of.ts';
import { readRows } from '../../data/rows/read-rows.ts';
import { describeModel, modelFolder } from '../../models/auto.ts';
import { withChatTemplate } from '../../tokenizers/chat/give-template.ts';
import { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { parseRecipe } from '../recipe.ts';
import type { Recipe } from '../recipe-schema.ts';
import { type RunOptions, type RunResult, startRun } from '../run.ts';
import { refuseOccupied } from '../run-folder.ts';
import { openSource } from '../run-source.ts';
import type { Baseline } from './baselines.ts';
import type { FinetunePlan, Finetuning } from './finetune-plan.ts';
import { FINETUNING, finishFinetune } from './finish.ts';
import { look } from './look.ts';
import { measureSteps } from './measure.ts';
import { planRecipe } from './plan.ts';
import { requireWay, wayOf } from './ways.ts';

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
  /** Train an adapter in place of all weights: what a recipe says of it (`namedAdapter`). */
  adapter?: Readonly<Record<string, unknown>>;
  /** What is dropped in training. Default as the model's config.json says. */
  dropout?: number;
  /** For conversations and a tokenizer without a template: chatml, llama3, plain or a file. Default chatml, for adapters plain. */
  chatTemplate?: string;
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
  const own = Tokenizer.fromFile(folder);
  const needsTemplate = own.config.chat_template == null && wayOf(kind).isChat?.(rows.row(0)) === true;
  const chatTemplate = options.chatTemplate ?? (needsTemplate ? (options.adapter ? 'plain' : 'chatml') : undefined);
  const tokenizer = chatTemplate === undefined ? own : withChatTemplate(own, chatTemplate);
  const seen = look(kind, rows, { tokenizer, maxPositions: model.maxPositions });
  const training = typeof validation === 'number' ? rows.length - Math.round(rows.length * validation) : rows.length;
  const { epochs, batchSize, lr, adapter, dropout } = options;
  const written = planRecipe(kind, seen, model, training, {
    ...{
      name,
      model: folder,
      data: data.map(one => resolve(one)),
      columns,
      skipBad,
      seed,
      epochs,
      batchSize,
      lr,
      adapter,
      dropout,
      chatTemplate,
    },
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
    notes: source.notes,
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
  const { recipe, out, kind, columns, look: seen, heldOut, model } = plan;
  const finetuning: Finetuning = { kind, columns, look: seen, heldOut, model };
  const run = await startRun(recipe, out, { ...options, files: { [FINETUNING]: finetuning } });
  return { run, scores: run.finished ? await finishFinetune(run, finetuning) : [] };
}

/** The recipe as a file, for who wants to change it. */
export const recipeText = ({ written }: FinetunePlan): string => stringify(written);
