/** A task that is ready to be asked: its documents, its examples, and what it makes of each document. */
import { UserError, usageError } from '../../support/errors.ts';
import { type DataMap, type Doc, loadDataset } from './datasets.ts';
import { choicesOf, type FieldContext, hasChoices, naming, targetOf, textOf } from './fields.ts';
import { createSampler, type Sampler } from './samplers.ts';
import type { TaskConfig } from './task-config.ts';
import type { TaskNode } from './task-library.ts';

export interface Task extends FieldContext {
  readonly name: string;
  readonly path: string;
  readonly docs: readonly Doc[];
  readonly sampler: Sampler | undefined;
  /** Examples before each document. */
  readonly shots: number;
  /** The choices are contexts, and the target is what follows each (winogrande). */
  readonly hasContexts: boolean;
  /** Targets are lists of which any counts. */
  readonly hasTargets: boolean;
  /** The data's files. */
  readonly files: readonly string[];
}

export interface TaskOptions {
  dataMap?: DataMap;
  /** In place of the task's own number of examples, unless that is 0. */
  numFewshot?: number;
  /** Default 1234. */
  fewshotSeed?: number;
}

/** @throws UserError for data that is not there, and for what the first document shows to be wrong */
export function openTask({ config, name, path, twins }: TaskNode, options: TaskOptions = {}): Task {
  const { dataMap, numFewshot, fewshotSeed: seed } = options;
  const { docs: splits, files } = loadDataset(
    { path: config.dataset_path, name: config.dataset_name ?? undefined, kwargs: config.dataset_kwargs, where: path },
    dataMap,
  );
  const made = new Map<string, readonly Doc[]>();
  const splitOf = (split: string): readonly Doc[] => {
    const found = made.get(split) ?? splits.get(split);
    if (found && twins?.docs && !made.has(split)) {
      const change = twins.docs;
      made.set(
        split,
        naming(`${path}: process_docs`, () => change(found)),
      );
    }
    if (found) return made.get(split) ?? found;
    throw usageError(
      'TSLM_NO_SPLIT',
      `${path}: there is no split '${split}'`,
      `the data has ${[...splits.keys()].join(', ')}`,
    );
  };
  const evaluated = config.test_split ?? config.validation_split;
  if (evaluated == null)
    throw usageError(
      'TSLM_NO_SPLIT',
      `${path}: neither 'test_split' nor 'validation_split' is given`,
      'name the split to evaluate',
    );
  const docs = splitOf(evaluated);
  if (docs.length === 0) throw new UserError('TSLM_NO_DOCUMENTS', `${path}: the split '${evaluated}' is empty`);
  const shots = numFewshot !== undefined && config.num_fewshot !== 0 ? numFewshot : (config.num_fewshot ?? 0);
  const effective: TaskConfig = numFewshot === undefined ? config : { ...config, num_fewshot: shots };
  const pool = poolOf(effective, splitOf);
  const fewshot = config.fewshot_config ?? {};
  const sampler =
    pool &&
    createSampler(pool, {
      sampler: fewshot.sampler ?? 'default',
      seed,
      indices: null,
      where: path,
    });
  if (shots > 0 && !sampler)
    throw usageError('TSLM_FEWSHOT', `${path}: there are no documents for examples`, 'name a fewshot_split');
  const context: FieldContext = { config: effective, columns: new Set(Object.keys(docs[0])), twins };
  const where = `${path}: document 0`;
  const isSimilarity = config.output_type === 'similarity';
  const choices = hasChoices(context) ? choicesOf(context, docs[0], where) : undefined;
  if (config.output_type === 'multiple_choice' && !choices) {
    throw usageError(
      'TSLM_MISSING_KEY',
      `${path}: 'doc_to_choice' is missing`,
      'a task of the type multiple_choice needs it',
    );
  }
  const text = textOf(context, docs[0], where);
  const target = targetOf(context, docs[0], where);
  return {
    ...context,
    name,
    path,
    docs,
    files,
    sampler,
    shots,
    hasContexts: !isSimilarity && choices !== undefined && typeof text === 'number',
    hasTargets: Array.isArray(target),
  };
}

/** The split that examples come from; without one the first of training, validation and test split. */
function poolOf(config: TaskConfig, splitOf: (split: string) => readonly Doc[]): readonly Doc[] | undefined {
  const fewshot = config.fewshot_config ?? {};
  const split = fewshot.split ?? config.fewshot_split;
  if (split != null) return splitOf(split);
  if (fewshot.samples) return fewshot.samples;
  const fallback = config.training_split ?? config.validation_split ?? config.test_split;
  return fallback == null ? undefined : splitOf(fallback);
}

/** Whether the document under test could be among its examples, by the names of the splits alone. */
export const leavesOut = ({ config }: Task): boolean =>
  (config.fewshot_config?.split ?? config.fewshot_split ?? undefined) === (config.test_split ?? undefined);
