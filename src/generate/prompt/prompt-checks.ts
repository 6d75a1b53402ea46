/** What can be wrong with a prompt: not of the kind that the model reads, empty, too long. */
import { Encoder } from '../../models/encoder.ts';
import { EncoderDecoder } from '../../models/encoder-decoder.ts';
import type { Backbone, Model } from '../../models/model.ts';
import { UserError, usageError } from '../../support/errors.ts';
import { type GenerationConfig, maxLengthOf } from '../config/generation-options.ts';
import { vocabSizeOf } from '../vocabulary-size.ts';
import type { GenerationInputs, Prompt } from './generation-inputs.ts';

/** Tokens that do not count. */
export const paddingOf = (mask: ArrayLike<number> = []): number =>
  Array.from(mask).filter(counts => counts === 0).length;

/** @throws UserError when the model does not generate, does not read what is given, or the mask is of another shape */
export function checkInputs(
  { task, family, backbone }: Model,
  { inputIds, attentionMask, pixelValues }: GenerationInputs,
): void {
  if (task !== 'causalLM' && task !== 'seq2seqLM') {
    throw new UserError('TSLM_NOT_GENERATIVE', `this ${family.modelType} model (${task}) does not generate text`, {
      hint: 'use a decoder or an encoder–decoder with a language-model head',
    });
  }
  const [wanted, other] = readsImages(backbone) ? ['pixelValues', 'inputIds'] : ['inputIds', 'pixelValues'];
  const given = { inputIds, pixelValues } as Record<string, unknown>;
  if (given[other] !== undefined || given[wanted] === undefined) {
    const what =
      given[other] === undefined ? 'there is nothing to generate from' : `this model does not read '${other}'`;
    throw usageError('TSLM_BAD_INPUT', what, `give '${wanted}'`);
  }
  if (!attentionMask) return;
  const lengths = (rows: readonly ArrayLike<number>[] = []): string => rows.map(({ length }) => length).join(', ');
  if (lengths(attentionMask) !== lengths(inputIds)) {
    throw usageError(
      'TSLM_BAD_MASK',
      `the attention mask has rows of ${lengths(attentionMask)} tokens, the prompts have ${lengths(inputIds)}`,
      'give one number, 0 or 1, for each token',
    );
  }
}

/** Whether a model writes about images. */
export const readsImages = (backbone: Backbone): boolean =>
  backbone instanceof EncoderDecoder &&
  backbone.encoder instanceof Encoder &&
  'patchSize' in backbone.encoder.options.embeddings;

const nameOf = (row: number, count: number): string => (count > 1 ? `prompt ${row + 1}` : 'the prompt');

const emptyPrompt = (which: string): UserError =>
  usageError('TSLM_EMPTY_PROMPT', `${which} has no tokens`, 'give at least one word');

/** @throws UserError when a prompt holds a token that the model has no vector for */
export function checkIds(inputIds: readonly ArrayLike<number>[], backbone: Backbone): void {
  const vocabSize = vocabSizeOf(backbone);
  for (const [row, ids] of inputIds.entries()) {
    const unknown = Array.from(ids).find(id => id >= vocabSize);
    if (unknown === undefined) continue;
    throw usageError(
      'TSLM_BAD_INPUT',
      `${nameOf(row, inputIds.length)} holds token ${unknown}, and the model's vocabulary has ${vocabSize}`,
      "use the model's own tokenizer",
    );
  }
}

/** @param context most tokens that the encoder reads */
export function checkEncoderInputs({ inputIds = [], attentionMask }: GenerationInputs, context: number): void {
  for (const [row, { length }] of inputIds.entries()) {
    const which = nameOf(row, inputIds.length);
    if (length === paddingOf(attentionMask?.[row])) throw emptyPrompt(which);
    if (length > context) {
      throw usageError(
        'TSLM_PROMPT_TOO_LONG',
        `${which} has ${length} tokens, the model's encoder reads ${context}`,
        'shorten the prompt, or use a model with a longer context',
      );
    }
  }
}

/** @param context most tokens of a text, the answer included */
export function checkPrompts(prompts: readonly Prompt[], context: number, config: GenerationConfig): void {
  for (const [row, { ids, padding }] of prompts.entries()) {
    const which = nameOf(row, prompts.length);
    const length = ids.length - padding;
    if (length === 0) throw emptyPrompt(which);
    if (length >= context) {
      throw usageError(
        'TSLM_PROMPT_TOO_LONG',
        `${which} has ${length} tokens, the model's context holds ${context} and the answer needs room too`,
        'shorten the prompt, or use a model with a longer context',
      );
    }
    const maxLength = maxLengthOf(config, ids.length);
    if (ids.length >= maxLength) {
      throw usageError(
        'TSLM_PROMPT_TOO_LONG',
        `${which} has ${ids.length} tokens, maxLength allows ${maxLength} with the answer`,
        'raise maxLength, or give maxNewTokens instead',
      );
    }
  }
}
