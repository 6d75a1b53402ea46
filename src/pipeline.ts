/** A model for a task in one call, by the names that Transformers gives to tasks. */
import { modelFolder } from './models/auto.ts';
import { type ForInferenceOptions, loadForInference } from './models/load-for-inference.ts';
import type { Model } from './models/model.ts';
import { UserError, usageError } from './support/errors.ts';
import { nearest } from './support/nearest.ts';
import { makers, type Pipelines, WITHOUT_TOKENIZER } from './tasks/pipelines.ts';
import { checkTaskInputs, inputCount } from './tasks/task-inputs.ts';
import { checkTaskOptions } from './tasks/task-options.ts';
import { Tokenizer } from './tokenizers/tokenizer.ts';

/** What a pipeline works with. Disposing of it frees the model. */
export interface Opened<Text = Tokenizer> extends Disposable {
  readonly model: Model;
  /** Undefined where a model reads and writes no text. */
  readonly tokenizer: Text;
  dispose(): void;
}

/** A task over a model that is loaded: call it with what the task takes, and dispose of it. */
export type Pipeline<Name extends keyof Pipelines> = Pipelines[Name] &
  Opened<Name extends 'image-classification' ? undefined : Tokenizer>;

/**
 * Opens a model for a task. What is returned is called with the input, and works in this thread until it is done; its
 * `stream`, of tasks that write, lets everything else go on between two tokens.
 *
 * @param name folder of a model or of a run, or the name of a model of the hub that was pulled
 * @param options element type and device of the weights; default on the CPU, in the type that `generate` and `serve` take:
 *   bfloat16, packed, for decoders that write where it is faster, else float32
 * @throws UserError when there is no such task or model; the call itself, when the model has no head for the task
 */
export function pipeline<Name extends keyof Pipelines>(
  task: Name,
  name: string,
  options: Pick<ForInferenceOptions, 'dtype' | 'device'> = {},
): Pipeline<Name> {
  if (!Object.hasOwn(makers, task)) {
    const guess = nearest(task, Object.keys(makers));
    const hint = guess === undefined ? `known: ${Object.keys(makers).join(', ')}` : `did you mean '${guess}'?`;
    throw usageError('TSLM_UNKNOWN_TASK', `task '${task}' is not known`, hint);
  }
  const strange = Object.keys(options).find(key => key !== 'dtype' && key !== 'device');
  if (strange !== undefined) {
    throw usageError('TSLM_UNKNOWN_KEY', `pipeline: unknown option '${strange}'`, "known: 'dtype' and 'device'");
  }
  const folder = modelFolder(name);
  const tokenizer = WITHOUT_TOKENIZER.includes(task) ? undefined : Tokenizer.fromFile(folder);
  const model = loadForInference(folder, options);
  let isOpen = true;
  const dispose = (): void => {
    if (isOpen) model.dispose();
    isOpen = false;
  };
  const checkOpen = (): void => {
    if (!isOpen) throw new UserError('TSLM_CLOSED', `${task}: the model was freed`, { hint: 'open it again' });
  };
  const check = (given: readonly unknown[], more?: readonly string[]): void => {
    checkOpen();
    checkTaskInputs(task, given);
    checkTaskOptions(task, given[inputCount(task)] as object | undefined, more);
  };
  try {
    const run = makers[task]({ folder, model, tokenizer: tokenizer as Tokenizer }) as Callable;
    const checked = (...given: unknown[]): unknown => {
      check(given);
      return run(...given);
    };
    const stream = run.stream && {
      async *stream(...given: unknown[]): AsyncGenerator<unknown, void> {
        check(given, ['signal']);
        for await (const piece of run.stream!(...given)) {
          yield piece;
          checkOpen();
        }
      },
    };
    const opened: Opened<Tokenizer | undefined> = { model, tokenizer, dispose, [Symbol.dispose]: dispose };
    return Object.assign(checked, stream, opened) as unknown as Pipeline<Name>;
  } catch (error) {
    dispose(); // the folder's settings are at fault
    throw error;
  }
}

interface Callable {
  (...given: unknown[]): unknown;
  stream?(...given: unknown[]): AsyncGenerator<unknown, void>;
}
