/** From a request to what generation takes: token ids and a configuration; what it must follow is compiled apart. */

import type { Constraint } from '../constrain/index.ts';
import { resolveGenerationConfig } from '../generate/config/generation-config.ts';
import type { GenerationConfig, GenerationOptions } from '../generate/config/generation-options.ts';
import { usageError } from '../support/errors.ts';
import { randomSeed } from '../support/random.ts';
import { instructionFor } from '../tasks/text-to-text.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { beamConflict } from './beam-conflicts.ts';
import { promptIds } from './prompt-ids.ts';
import type { GenerationRequest, Prompt } from './protocol.ts';

export interface PrepareOptions {
  tokenizer: Tokenizer;
  /** The model's own options: generation_config.json and the tokenizer's end of sequence. */
  defaults: GenerationOptions;
  /** Tokens of prompt and answer together; an encoder–decoder counts them apart. */
  contextLength: number;
  answersApart: boolean;
  vocabularySize: number;
  /** config.json, which may say what the model is told for a task. */
  modelConfig: Record<string, unknown>;
}

export interface PreparedRequest {
  ids: number[];
  config: GenerationConfig;
  constraint?: Constraint;
}

/** What requests are prepared with. */
export function createPreparation(options: PrepareOptions): (request: GenerationRequest) => PreparedRequest {
  const { tokenizer, contextLength, answersApart, vocabularySize, modelConfig } = options;

  return request => {
    checkBeams(request);
    const { ids, generation } = read(request.prompt);
    const defaults = { ...options.defaults, ...generation };
    checkPrompt(ids, request);
    const room = answersApart ? contextLength : contextLength - ids.length;
    const wanted = request.maxTokens ?? (answersApart ? (defaults.maxNewTokens ?? defaults.maxLength ?? room) : room);
    const maxNewTokens = Math.max(1, Math.min(wanted, room));
    const config = resolveGenerationConfig(generationOptions(request, defaults, { maxNewTokens, answersApart }), {
      defaults: { ...defaults, maxLength: undefined, maxNewTokens: undefined },
      where: 'request',
    });
    return { ids, config };
  };

  /** A prompt's tokens, and how the model wants to write what is asked. */
  function read(prompt: Prompt): { ids: number[]; generation?: GenerationOptions } {
    const task = 'messages' in prompt ? undefined : prompt.task;
    const ids = promptIds(tokenizer, prompt, modelConfig);
    return { ids, generation: task && instructionFor(modelConfig, tokenizer, task).generation };
  }

  function checkPrompt(ids: readonly number[], { maxTokens, minTokens, promptLogprobs }: GenerationRequest): void {
    if (ids.length === 0)
      throw usageError('TSLM_EMPTY_PROMPT', 'the prompt has no tokens', 'give a text of at least one token');
    const bad = ids.find(id => !Number.isInteger(id) || id < 0 || id >= vocabularySize);
    if (bad !== undefined) {
      throw usageError('TSLM_BAD_TOKEN', `there is no token ${bad}`, `ids go from 0 to ${vocabularySize - 1}`);
    }
    const answer = answersApart || (maxTokens === 0 && promptLogprobs !== undefined) ? 0 : 1;
    if (ids.length + answer > contextLength) {
      throw usageError(
        'TSLM_TOO_LONG',
        `the prompt has ${ids.length} tokens, and the model sees ${contextLength} with its answer`,
        'shorten the prompt',
      );
    }
    const room = answersApart ? contextLength : contextLength - ids.length;
    if ((minTokens ?? 0) > room) {
      throw usageError(
        'TSLM_TOO_LONG',
        `the prompt has ${ids.length} tokens, which leaves room for ${room}, and at least ${minTokens} are asked for`,
        'shorten the prompt, or ask for fewer tokens',
      );
    }
  }
}

function checkBeams(request: GenerationRequest): void {
  // What it says of draws is idle here, as a model's own options are.
  const conflict = beamConflict({ ...request, sampling: undefined });
  if (!conflict) return;
  const { option, problem, remedy = 'leave it out' } = conflict;
  throw usageError('TSLM_CONTRADICTION', `'${option}': ${problem}`, remedy);
}

/**
 * A request's options beside the model's own. What the request leaves open is what generation_config.json says, then
 * OpenAI's defaults: sampling from the whole distribution. An encoder–decoder that is told nothing does as its file says.
 */
function generationOptions(
  request: GenerationRequest,
  defaults: GenerationOptions,
  { maxNewTokens, answersApart }: { maxNewTokens: number; answersApart: boolean },
): GenerationOptions {
  const { sampling = {}, beams, lengthPenalty, n = 1, minTokens, stop, ignoreEos, stopTokenIds } = request;
  const { temperature, topP, topK, minP, logitBias, seed, ...penalties } = sampling;
  const common: GenerationOptions = {
    ...penalties,
    maxNewTokens,
    minNewTokens: minTokens,
    seed: seed ?? randomSeed(),
    sequenceBias: logitBias && Object.entries(logitBias).map(([id, bias]): [number[], number] => [[Number(id)], bias]),
    stopStrings: stop && [...stop],
    ...endsOf(ignoreEos, stopTokenIds, defaults),
    penaltyAlpha: 0,
  };
  if (beams !== undefined) return { ...common, doSample: false, numBeams: beams, lengthPenalty, numReturnSequences: n };
  if (answersApart && temperature === undefined) return { ...common, numReturnSequences: n };
  const heat = temperature ?? defaults.temperature ?? 1;
  if (heat === 0) return { ...common, doSample: false, numBeams: 1 };
  return { ...common, doSample: true, numBeams: 1, temperature: heat, topK: topK ?? defaults.topK ?? 0, topP, minP };
}

/** The tokens that end a text, where a request changes them. */
function endsOf(
  ignoreEos: boolean | undefined,
  stopTokenIds: readonly number[] = [],
  { eosTokenId }: GenerationOptions,
): GenerationOptions {
  if (!ignoreEos && stopTokenIds.length === 0) return {};
  const own = ignoreEos ? [] : [eosTokenId ?? []].flat();
  return { eosTokenId: [...own, ...stopTokenIds] };
}
