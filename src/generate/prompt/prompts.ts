/** What generation starts from: prompts that fit the model, and a session that is ready for them. */
import { Decoder } from '../../models/decoder.ts';
import { Encoder } from '../../models/encoder.ts';
import { EncoderDecoder } from '../../models/encoder-decoder.ts';
import { TwoStream } from '../../models/families/xlnet/two-stream.ts';
import type { Backbone, Model } from '../../models/model.ts';
import { usageError } from '../../support/errors.ts';
import { isContrastive } from '../config/contradictions.ts';
import { type GenerationConfig, maxLengthOf } from '../config/generation-options.ts';
import { decoderSession } from '../sessions/decoder-session.ts';
import { encoderDecoderSession } from '../sessions/encoder-decoder-session.ts';
import { pagedSession, readsPages } from '../sessions/paged-session.ts';
import { permutationSession } from '../sessions/permutation-session.ts';
import type { Session } from '../sessions/session.ts';
import { guidedSession } from '../strategies/guided-session.ts';
import type { GenerationInputs, Prompt, StartOptions } from './generation-inputs.ts';
import { checkEncoderInputs, checkIds, checkInputs, checkPrompts, paddingOf } from './prompt-checks.ts';

/** Disposing of it frees what the model remembers. */
export interface Start extends Disposable {
  prompts: Prompt[];
  session: Session;
  /** Most positions of a text, padding left out. */
  context: number;
}

/**
 * @throws UserError when the model does not generate; when a prompt is empty, does not fit the model's context or is as
 *   long as `maxLength` already; or when the attention mask has another shape than the prompts
 */
export function readPrompts(
  model: Model,
  inputs: GenerationInputs,
  config: GenerationConfig,
  options: StartOptions = {},
): Pick<Start, 'prompts' | 'context'> {
  checkInputs(model, inputs);
  const { inputIds, attentionMask, pixelValues } = inputs;
  const { backbone } = model;
  const isEncoderDecoder = backbone.kind === 'encoderDecoder';
  const context = contextOf(backbone.writer, options);
  const start = decoderStartToken(model, config);
  const batch = pixelValues?.size(0) ?? inputIds!.length;
  const prompts = Array.from({ length: batch }, (_, row): Prompt => {
    if (start !== undefined) return { ids: [start], padding: 0, encoderInputIds: inputIds?.[row] };
    const ids = Array.from(inputIds![row]);
    return { ids, padding: paddingOf(attentionMask?.[row]), encoderInputIds: ids };
  });
  if (isEncoderDecoder) checkEncoderInputs(inputs, contextOf(backbone.reader, options));
  checkPrompts(prompts, context, config);
  if (inputIds) checkIds(inputIds, backbone.reader);
  return { prompts, context };
}

/** @throws UserError as `readPrompts` */
export function startGeneration(
  model: Model,
  inputs: GenerationInputs,
  config: GenerationConfig,
  options: StartOptions = {},
): Start {
  const { prompts, context } = readPrompts(model, inputs, config, options);
  const longest = Math.max(...prompts.map(({ ids }) => ids.length));
  const furthest = Math.max(
    ...prompts.map(({ ids, padding }) => Math.min(maxLengthOf(config, ids.length), context + padding + 1) - ids.length),
  );
  const capacity = longest + furthest;
  const session =
    config.guidanceScale === 1
      ? sessionFor(model, inputs, capacity, canPageFor(config) ? prompts.length * config.numReturnSequences : undefined)
      : guidedBy(unprompted(), () => sessionFor(model, inputs, capacity));
  return { prompts, session, context, [Symbol.dispose]: () => session[Symbol.dispose]() };

  function guidedBy(others: readonly ArrayLike<number>[], conditional: () => Session): Session {
    const room = Math.max(...others.map(({ length }) => length)) + furthest;
    const unconditional = sessionFor(model, { inputIds: others }, room);
    return guidedSession(conditional(), unconditional, { prompts: others, scale: config.guidanceScale });
  }

  function unprompted(): readonly ArrayLike<number>[] {
    if (model.backbone.kind === 'encoderDecoder') {
      throw usageError(
        'TSLM_NOT_SUPPORTED',
        "'guidanceScale' compares with a text without its prompt, which an encoder–decoder does not have",
        'use a decoder, or leave it out',
      );
    }
    const others = options.negativePrompts ?? prompts.map(({ ids }) => ids.slice(-1));
    const isGood = ({ length }: ArrayLike<number>): boolean => length > 0 && length + furthest - 1 <= context;
    if (others.length === prompts.length && others.every(isGood)) return others;
    throw usageError(
      'TSLM_BAD_INPUT',
      "'negativePrompts' are not as many as the prompts, or one is empty or does not fit the model's context",
      'give a list of token ids for each prompt, no longer than that',
    );
  }
}

/** Beams change places at every step, and contrastive search looks at hidden states. */
const canPageFor = (config: GenerationConfig): boolean => config.numBeams === 1 && !isContrastive(config);

/** @param rows most rows at a time, where keys and values may lie in pages */
function sessionFor(model: Model, inputs: GenerationInputs, capacity: number, rows?: number): Session {
  const { attentionMask } = inputs;
  const { backbone } = model;
  if (backbone instanceof EncoderDecoder) {
    return encoderDecoderSession(model as Model & { backbone: EncoderDecoder }, { capacity, ...inputs });
  }
  if (backbone instanceof TwoStream) {
    return permutationSession(model, { attentionMask, useMems: backbone.options.useMems.eval });
  }
  if (rows !== undefined && readsPages(model)) return pagedSession(model, { capacity, rows, attentionMask });
  return decoderSession(model, { capacity, attentionMask });
}

/** What a text of an encoder–decoder begins with; undefined for a decoder, which continues its prompt. */
export const decoderStartToken = (
  { backbone }: Model,
  { decoderStartTokenId }: GenerationConfig,
): number | undefined =>
  backbone instanceof EncoderDecoder ? (decoderStartTokenId ?? backbone.options.decoderStartTokenId) : undefined;

/** Most positions of a text, as far as there is such a limit. */
export function contextOf(backbone: Backbone, { beyondContext = false }: StartOptions): number {
  if (!(backbone instanceof Decoder || backbone instanceof Encoder)) return backbone.maxPositions;
  const { embeddings, alibi, relativeBias } = backbone.options;
  const room = backbone.maxPositions - backbone.virtualTokens;
  if (embeddings.positions) return room;
  return beyondContext || alibi || relativeBias ? Number.POSITIVE_INFINITY : room;
}
