/** What a call of each task takes; anything else is a mistake that says what was expected. */
import { usageError } from '../support/errors.ts';
import { isImageInput } from './images.ts';
import type { Pipelines } from './pipelines.ts';

interface Expected {
  text: string;
  holds: (given: unknown) => boolean;
}

type Check = (given: unknown) => boolean;

const isText: Check = given => typeof given === 'string';
const listOf =
  (holds: Check): Check =>
  given =>
    Array.isArray(given) && given.every(holds);
const oneOrMany =
  (holds: Check): Check =>
  given =>
    Array.isArray(given) ? given.every(holds) : holds(given);
/** An object whose properties of these names are texts. */
const withTexts =
  (...names: string[]): Check =>
  given =>
    typeof given === 'object' &&
    given !== null &&
    names.every(name => isText((given as Record<string, unknown>)[name]));

const text: Expected = { text: 'a text', holds: isText };
const list: Expected = { text: 'a list of texts', holds: listOf(isText) };
const texts: Expected = { text: 'a text or a list of texts', holds: oneOrMany(isText) };

const images: Expected = { text: 'a path, a data: URL, bytes, or a list of them', holds: oneOrMany(isImageInput) };

const INPUTS: Record<keyof Pipelines, readonly Expected[]> = {
  'text-generation': [texts],
  chat: [{ text: 'a list of messages { role, content }', holds: listOf(withTexts('role')) }],
  summarization: [texts],
  translation: [texts],
  'text-classification': [
    {
      text: 'a text, { text, pair }, or a list of them',
      holds: oneOrMany(given => isText(given) || withTexts('text', 'pair')(given)),
    },
  ],
  'image-classification': [images],
  'image-to-text': [images],
  'token-classification': [texts],
  'fill-mask': [texts],
  'question-answering': [
    { text: '{ question, context } or a list of them', holds: oneOrMany(withTexts('question', 'context')) },
  ],
  'feature-extraction': [texts],
  'sentence-similarity': [text, list],
  rerank: [text, list],
};

/** How many inputs come before the settings. */
export const inputCount = (task: keyof Pipelines): number => INPUTS[task].length;

/** @throws UserError for inputs that are none */
export function checkTaskInputs(task: keyof Pipelines, given: readonly unknown[]): void {
  for (const [i, { text, holds }] of INPUTS[task].entries()) {
    if (holds(given[i])) continue;
    const which = INPUTS[task].length > 1 ? ` as input ${i + 1}` : '';
    throw usageError('TSLM_BAD_VALUE', `${task}: expected ${text}${which}`, `docs/TASKS.md says what each task takes`);
  }
}
