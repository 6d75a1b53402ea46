/** A model for a task in one call, by the names that Transformers gives to tasks. */
import { type LoadOptions, loadCompleteModel, modelFolder } from './models/auto.ts';
import type { Model } from './models/model.ts';
import { usageError } from './support/errors.ts';
import { nearest } from './support/nearest.ts';
import { makers, type Pipelines } from './tasks/pipelines.ts';
import { Tokenizer } from './tokenizers/tokenizer.ts';

/** What a pipeline works with. Disposing of it frees the model. */
export interface Opened extends Disposable {
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  dispose(): void;
}

export type Pipeline<Name extends keyof Pipelines> = Pipelines[Name] & Opened;

/**
 * Opens a model for a task. What is returned is called with the input, and works in this thread until it is done.
 *
 * @param name folder of a model or of a run, or the name of a model of the hub that was pulled
 * @param options element type and device of the weights; default float32 on the processor
 * @throws UserError when there is no such task or model; the call itself, when the model has no head for the task
 */
export function pipeline<Name extends keyof Pipelines>(
  task: Name,
  name: string,
  options: Pick<LoadOptions, 'dtype' | 'device'> = {},
): Pipeline<Name> {
  if (!Object.hasOwn(makers, task)) {
    const guess = nearest(task, Object.keys(makers));
    const hint = guess === undefined ? `known: ${Object.keys(makers).join(', ')}` : `did you mean '${guess}'?`;
    throw usageError('TSLM_UNKNOWN_TASK', `task '${task}' is not known`, hint);
  }
  const folder = modelFolder(name);
  const tokenizer = Tokenizer.fromFile(folder);
  const model = loadCompleteModel(folder, options);
  const dispose = (): void => model.dispose();
  try {
    const run = makers[task]({ folder, model, tokenizer });
    return Object.assign(run, { model, tokenizer, dispose, [Symbol.dispose]: dispose });
  } catch (error) {
    dispose(); // the folder's settings are at fault
    throw error;
  }
}
