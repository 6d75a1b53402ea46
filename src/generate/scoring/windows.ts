/** What a model has to read so that every token of a text is asked for once. */
import { EncoderDecoder } from '../../models/encoder-decoder.ts';
import type { Model } from '../../models/model.ts';
import { UserError, usageError } from '../../support/errors.ts';
import { slidingWindows, strideOver } from '../../support/sliding-windows.ts';
import { contextOf } from '../prompt/prompts.ts';
import type { ScoreOptions } from './score-options.ts';

/** Something to read, and the places of it where a token is asked for. */
export interface Window {
  text: number;
  input: readonly number[];
  asked: { at: number; position: number; id: number }[];
}

/**
 * @throws UserError when the model predicts no tokens, is asked for what it cannot do, or lacks what it needs, or the text is too long
 */
export function windowsOf(model: Model, ids: number[], text: number, options: ScoreOptions): Window[] {
  const { backbone, task, family } = model;
  const isMasked = task === 'maskedLM' || task === 'pretraining';
  if (options.masked !== undefined && task !== 'causalLM' && options.masked !== isMasked) {
    throw usageError(
      'TSLM_BAD_INPUT',
      `a ${family.modelType} model (${task}) ${options.masked ? 'does not find hidden tokens' : 'needs its tokens hidden'}`,
      "leave out 'masked', which is a choice for decoders that were trained by masked-next-token",
    );
  }
  if (backbone instanceof EncoderDecoder && task === 'seq2seqLM') {
    checkLength(ids, contextOf(backbone.writer, { beyondContext: true }), text);
    if (!options.sources?.[text]?.length) {
      throw usageError('TSLM_BAD_INPUT', 'an encoder–decoder scores answers, and there is no input', "give 'sources'");
    }
    checkLength(options.sources[text], contextOf(backbone.reader, { beyondContext: true }), text);
    const input = [backbone.options.decoderStartTokenId, ...ids.slice(0, -1)];
    return [{ text, input, asked: ids.map((id, position) => ({ at: position, position, id })) }];
  }
  if (backbone.kind === 'decoder' && task === 'causalLM') {
    if (!options.masked) return windows(ids, text, backbone.maxPositions, options);
    if (!backbone.readsBothWays(Math.min(ids.length, backbone.maxPositions))) {
      throw usageError(
        'TSLM_NOT_BOTH_WAYS',
        `the attention of this ${family.modelType} model is about what came before, and cannot see what comes after`,
        'score it causally: leave out masked',
      );
    }
    // The token at a position is predicted where the one before it stands.
    return maskings(ids, text, backbone.maxPositions, options).flatMap(({ asked: [one], ...rest }) =>
      one.position === 0 ? [] : [{ ...rest, asked: [{ ...one, at: one.position - 1 }] }],
    );
  }
  if (isMasked) return maskings(ids, text, backbone.maxPositions, options);
  throw new UserError('TSLM_NOT_SUPPORTED', `a ${family.modelType} model (${task}) does not score texts`, {
    hint: 'use a decoder, an encoder–decoder or a masked language model',
  });
}

/** Every token but the first once, with at least context − stride tokens before it where there are that many. */
function windows(ids: number[], text: number, context: number, { stride }: ScoreOptions): Window[] {
  // The last token of a window is asked for and not read.
  const options = { size: context + 1, step: strideOver(context, stride), fillsLast: true };
  return slidingWindows(ids.length, options).flatMap(({ begin, end, fresh }) => {
    const first = Math.max(1, fresh);
    const asked = ids.slice(first, end).map((id, i) => ({ at: first + i - 1 - begin, position: first + i, id }));
    return asked.length === 0 ? [] : [{ text, input: ids.slice(begin, end - 1), asked }];
  });
}

function maskings(
  ids: number[],
  text: number,
  context: number,
  { maskTokenId, skippedIds = [] }: ScoreOptions,
): Window[] {
  if (maskTokenId === undefined) {
    throw usageError(
      'TSLM_BAD_INPUT',
      'tokens are hidden behind a mask token, and there is none',
      "give 'maskTokenId', or a tokenizer that has one",
    );
  }
  checkLength(ids, context, text);
  return ids.flatMap((id, position) =>
    skippedIds.includes(id)
      ? []
      : [{ text, input: ids.with(position, maskTokenId), asked: [{ at: position, position, id }] }],
  );
}

function checkLength({ length }: ArrayLike<number>, context: number, text: number): void {
  if (length <= context) return;
  throw usageError(
    'TSLM_TEXT_TOO_LONG',
    `text ${text + 1} has ${length} tokens, the model reads ${context}`,
    'shorten it, or use a model with a longer context',
  );
}
