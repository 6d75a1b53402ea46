/** What a model in a worker is asked: prompts, options of sampling, and one prompt or many. */
import { z } from 'zod';
import type { ConstraintRequest, GenerationRequest, Prompt } from '../engine/protocol.ts';
import { samplingOptions } from '../generate/config/sampling-options.ts';
import { parseOptions } from '../support/schema.ts';
import type { ChatMessage } from '../tokenizers/chat/chat.ts';

/** A text that is continued as it is, or a conversation that is put into the model's chat template. */
export type TextPrompt = string | readonly ChatMessage[];

export interface TextOptions {
  /** Default 256, or what the context leaves. */
  maxTokens?: number;
  /** 0: always the most probable token. Default as generation_config.json says, else 1. */
  temperature?: number;
  topP?: number;
  topK?: number;
  minP?: number;
  /** Default: another one for each text. */
  seed?: number;
  presencePenalty?: number;
  frequencyPenalty?: number;
  repetitionPenalty?: number;
  logitBias?: Record<number, number>;
  /** Strings at which the text ends; they are not part of it. */
  stop?: string | readonly string[];
  /** A regular expression that the text matches, whole. */
  regex?: string;
  /** Name of a loaded adapter. */
  adapter?: string;
  /** Ends the work within one step; what was asked is rejected with the signal's reason. */
  signal?: AbortSignal;
}

const DEFAULT_TOKENS = 256;

export const textKeys = {
  ...Object.fromEntries(Object.entries(samplingOptions).map(([key, schema]) => [key, schema.optional()])),
  maxTokens: z.int().positive().default(DEFAULT_TOKENS),
  stop: z
    .union([z.string(), z.array(z.string())])
    .transform(stop => [stop].flat())
    .optional(),
  regex: z.string().optional(),
  adapter: z.string().optional(),
  signal: z.instanceof(AbortSignal).optional(),
};
const textOptionsSchema = z.strictObject(textKeys);

/** @throws UserError for an option that there is not */
export function requestOf(
  prompt: TextPrompt,
  given: TextOptions,
  { where, constraint, seedOffset = 0 }: { where: string; constraint?: ConstraintRequest; seedOffset?: number },
): GenerationRequest {
  const { maxTokens, stop, regex, adapter, signal: _, ...rest } = parseOptions(textOptionsSchema, given, where);
  const sampling = rest as NonNullable<GenerationRequest['sampling']>;
  return {
    prompt: promptOf(prompt),
    maxTokens,
    stop,
    adapter,
    constraint: constraint ?? (regex === undefined ? undefined : { kind: 'regex', pattern: regex }),
    // Of many prompts with one seed, equal ones are to become different texts.
    sampling: sampling.seed === undefined ? sampling : { ...sampling, seed: sampling.seed + seedOffset },
  };
}

const promptOf = (prompt: TextPrompt): Prompt => (typeof prompt === 'string' ? { text: prompt } : { messages: prompt });

/** Whether these are many prompts, and not the messages of one. */
export const areMany = (prompt: TextPrompt | readonly TextPrompt[]): prompt is readonly TextPrompt[] =>
  typeof prompt !== 'string' && (prompt.length === 0 || typeof prompt[0] === 'string' || Array.isArray(prompt[0]));

/** Prompts whose answers are awaited at once; the others wait here, so that no queue is full. */
const AT_ONCE = 64;

/** Asks for each, many at once, in their order; the first that fails ends the others. */
export async function each<T, Result>(
  items: readonly T[],
  ask: (item: T, index: number, signal: AbortSignal) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result[]> {
  const failed = new AbortController();
  const either = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
  const results = new Array<Result>(items.length);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await ask(items[index], index, either);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, work));
  } catch (error) {
    failed.abort(error);
    throw error;
  }
  return results;
}
