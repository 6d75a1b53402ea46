/**
 * How HTTP writes what a request to an engine is made of (`engine/protocol.ts`). Here alone one name is made of the other; the
 * names that OpenAI does not have are vLLM's.
 */
import type { GenerationRequest, Sampling } from '../../../engine/protocol.ts';

export const SAMPLING_NAMES = {
  temperature: 'temperature',
  topP: 'top_p',
  topK: 'top_k',
  minP: 'min_p',
  seed: 'seed',
  presencePenalty: 'presence_penalty',
  frequencyPenalty: 'frequency_penalty',
  repetitionPenalty: 'repetition_penalty',
  logitBias: 'logit_bias',
} as const satisfies Record<keyof Sampling, string>;

export const REQUEST_NAMES = {
  n: 'n',
  bestOf: 'best_of',
  beams: 'num_beams',
  lengthPenalty: 'length_penalty',
  minTokens: 'min_tokens',
  stop: 'stop',
  stopTokenIds: 'stop_token_ids',
  ignoreEos: 'ignore_eos',
} as const satisfies Partial<Record<keyof GenerationRequest, string>>;

type Names = Readonly<Record<string, string>>;

/** Values under our names, read from where HTTP has them. */
export const read = <const Table extends Names, Given extends { [K in Table[keyof Table]]?: unknown }>(
  given: Given,
  names: Table,
): { [K in keyof Table]: Given[Table[K]] } =>
  Object.fromEntries(Object.entries(names).map(([ours, theirs]) => [ours, given[theirs as keyof Given]])) as {
    [K in keyof Table]: Given[Table[K]];
  };

/** Values under HTTP's names. */
export const written = <const Table extends Names, Fields extends { [K in keyof Table]?: unknown }>(
  fields: Fields,
  names: Table,
): { [K in keyof Fields & keyof Table as Table[K]]: Fields[K] } =>
  Object.fromEntries(Object.entries(fields).map(([ours, value]) => [names[ours], value])) as {
    [K in keyof Fields & keyof Table as Table[K]]: Fields[K];
  };
