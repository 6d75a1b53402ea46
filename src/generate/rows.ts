/** The sequences of a batch: tokens, random generator and processors of each, and when it ends. */

import type { ConstrainingProcessor } from '../constrain/constrain.ts';
import { createRandom, type Random } from '../support/random.ts';
import type { GenerationConfig } from './config/generation-options.ts';
import { logitsProcessorsFor } from './config/logits-processors-for.ts';
import type { GenerateOptions } from './generate-options.ts';
import type { GeneratedToken } from './generated-token.ts';
import { type LogitsProcessor, processorChain } from './logits-processors/index.ts';
import type { Prompt } from './prompt/generation-inputs.ts';
import { logProbability } from './sampling.ts';
import { createStopCriteria, type StopReason } from './stopping.ts';

export interface Row {
  index: number;
  ids: number[];
  padding: number;
  promptLength: number;
  random: Random;
  process: LogitsProcessor;
  /** Does a slice of what `process` needs for the text so far; false while there is more. Absent where nothing is. */
  prepare?: ConstrainingProcessor['prepare'];
  stopReason: (ids: ArrayLike<number>) => StopReason | undefined;
}

/** @param firstPrompt number of the first of these prompts among all */
export function createRows(
  prompts: readonly Prompt[],
  config: GenerationConfig,
  options: Pick<GenerateOptions, 'prefixAllowedTokens' | 'constraint' | 'wholeCharacters'>,
  firstPrompt = 0,
): Row[] {
  const copies = config.numReturnSequences;
  const { prefixAllowedTokens, constraint, wholeCharacters } = options;
  return prompts.flatMap(({ ids, padding, encoderInputIds }, prompt) => {
    const promptLength = ids.length;
    const processors = logitsProcessorsFor(config, {
      promptLength,
      encoderInputIds,
      prefixAllowedTokens,
      constraint,
      wholeCharacters,
    });
    const constraining = processors.find((one): one is ConstrainingProcessor => 'prepare' in one);
    return Array.from({ length: copies }, (_, copy): Row => {
      const index = (firstPrompt + prompt) * copies + copy;
      return {
        index,
        ids: [...ids],
        padding,
        promptLength,
        random: createRandom(config.seed + index),
        process: processorChain(processors),
        prepare: constraining?.prepare,
        stopReason: createStopCriteria(config, promptLength),
      };
    });
  });
}

/**
 * Adds a token to a text, and says whether it ends there.
 *
 * @param scores the logits that it was chosen from, after the processors
 * @param options.context most positions of the text that can be fed
 */
export function addToken(
  row: Row,
  id: number,
  scores: Float32Array,
  { context, logProbs, stopAfter }: { context: number } & Pick<GenerateOptions, 'logProbs' | 'stopAfter'>,
): GeneratedToken {
  row.ids.push(id);
  const stopped = stopAfter?.(row.index, id);
  const isFull = row.ids.length - row.padding > context;
  const stop = row.stopReason(row.ids) ?? stopped ?? (isFull ? 'context' : undefined);
  return { row: row.index, id, ...(logProbs && { logProb: logProbability(scores, id) }), ...(stop && { stop }) };
}
