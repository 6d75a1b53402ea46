/** Guesses of a smaller model (Leviathan et al. 2023): it goes on with the text by itself, with the same processors. */
import type { Model } from '../../models/model.ts';
import { UserError, usageError } from '../../support/errors.ts';
import type { GenerationConfig } from '../config/generation-options.ts';
import type { GenerationInputs, StartOptions } from '../prompt/generation-inputs.ts';
import { type Start, startGeneration } from '../prompt/prompts.ts';
import { isCached } from '../sessions/session.ts';
import { vocabSizeOf } from '../vocabulary-size.ts';
import { addGuess, type Drafter } from './drafter.ts';
import type { Guess } from './speculative-sampling.ts';

/**
 * @param inputs of one text, as the model itself reads them
 * @throws UserError when the assistant does not generate from such inputs, keeps no cache, or the prompt is too long for it
 */
export function assistantDrafter(
  assistant: Model,
  inputs: GenerationInputs,
  config: GenerationConfig,
  options: StartOptions,
): Drafter {
  const start = startAssistant(assistant, inputs, config, options);
  const { session, context, prompts } = start;
  if (!isCached(session)) {
    start[Symbol.dispose]();
    throw usageError(
      'TSLM_BAD_ASSISTANT',
      `the assistant, a ${assistant.family.modelType} model, keeps no keys and values and cannot guess ahead`,
      'use another assistant',
    );
  }
  const [{ ids: prompt, padding }] = prompts;
  const vocabulary = vocabSizeOf(assistant.backbone);
  const isConstant = config.numAssistantTokensSchedule === 'constant';
  let count = config.numAssistantTokens;
  let guessed = 0;
  /** What the assistant has read. */
  let read: number[] = [];
  const feed = (ids: number[]): Float32Array => {
    read.push(...ids);
    return session.step([ids])[0];
  };
  return {
    guess(row, most, vocabSize) {
      const guesses: Guess[] = [];
      guessed = 0;
      const text = [...prompt, ...row.ids.slice(row.promptLength)];
      const room = Math.min(count, most, context + padding + 1 - text.length);
      if (room < 1 || text.some(id => id >= vocabulary)) return guesses;
      if (read.length === 0) feed(prompt);
      const same = commonLength(read, text.slice(0, -1));
      session.truncate(same);
      read = read.slice(0, same);
      let logits = feed(text.slice(same));
      while (true) {
        if (!addGuess(guesses, resized(logits, vocabSize), row, config)) break;
        const { id } = guesses.at(-1)!;
        if (guesses.length === room || id >= vocabulary) break;
        logits = feed([id]);
      }
      guessed = guesses.length;
      return guesses;
    },
    learn(right) {
      if (!isConstant) count = right === guessed ? count + 2 : Math.max(1, count - 1);
    },
    restart() {
      count = config.numAssistantTokens;
    },
    [Symbol.dispose]: () => start[Symbol.dispose](),
  };
}

/** It begins its answer as it was trained to, whatever the model's own start token is. */
function startAssistant(
  assistant: Model,
  inputs: GenerationInputs,
  config: GenerationConfig,
  options: StartOptions,
): Start {
  try {
    return startGeneration(assistant, inputs, { ...config, decoderStartTokenId: null }, options);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { code, message, hint, exitCode } = error;
    throw new UserError(code, `the assistant: ${message}`, { hint, exitCode, cause: error });
  }
}

/** Models of one tokenizer may have tables of different lengths: what one of them lacks is impossible there. */
function resized(logits: Float32Array, length: number): Float32Array {
  if (logits.length >= length) return logits.subarray(0, length);
  const longer = new Float32Array(length).fill(Number.NEGATIVE_INFINITY);
  longer.set(logits);
  return longer;
}

function commonLength(a: readonly number[], b: readonly number[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}
