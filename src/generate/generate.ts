/**
 * The generation loop: prompts in a batch, one forward pass a token over a key–value cache, the next token chosen by
 * processors and sampling. Works on token ids; `text.ts` puts text around it.
 */

import type { Decoder } from '../models/decoder.ts';
import { KVCache } from '../nn/index.ts';
import { usageError } from '../support/errors.ts';
import { createRandom, type Random } from '../support/random.ts';
import { fromTypedArray, inferenceMode, scope, type Tensor } from '../torch/index.ts';
import { type GenerationConfig, maxLengthOf } from './generation-config.ts';
import { type LogitsProcessor, processorChain } from './logits-processors/index.ts';
import { logitsProcessorsFor } from './logits-processors-for.ts';
import { argmax, logProbability, multinomial } from './sampling.ts';
import { createStopCriteria, type StopReason } from './stopping.ts';

export interface GeneratedToken {
  /** Which prompt it belongs to. */
  row: number;
  id: number;
  /** Natural logarithm of its probability after the processors, where asked for. */
  logProb?: number;
  /** Set on the last token of a row. `context`: the model's context is full. */
  stop?: StopReason | 'context';
}

export interface GenerateOptions {
  /** Report each token's log-probability. Default false. */
  logProbs?: boolean;
  /** Called for every token; ends the row for reasons of the caller's, such as a stop string. */
  stopAfter?: (row: number, id: number) => StopReason | undefined;
  /** The only tokens allowed after a text. */
  prefixAllowedTokens?: (inputIds: ArrayLike<number>) => ArrayLike<number>;
}

interface Row {
  index: number;
  ids: number[];
  random: Random;
  process: LogitsProcessor;
  stopReason: (ids: ArrayLike<number>) => StopReason | undefined;
}

/**
 * Generates after each prompt, yielding the tokens of each step as they are made. Leaving the loop early frees
 * everything; between steps nothing runs, so a caller can stop at any token.
 *
 * @param prompts token ids, each with at least one
 * @throws UserError when a prompt is empty, does not fit the model's context or is as long as `maxLength` already
 */
export function* generate(
  model: Decoder,
  prompts: readonly ArrayLike<number>[],
  config: GenerationConfig,
  { logProbs = false, stopAfter, prefixAllowedTokens }: GenerateOptions = {},
): Generator<GeneratedToken[], void> {
  const { maxPositions, layers } = model.options;
  checkPrompts(prompts, maxPositions, config);
  const longest = Math.max(...prompts.map(prompt => prompt.length));
  let rows = prompts.map((prompt, index): Row => {
    const processors = logitsProcessorsFor(config, { promptLength: prompt.length, prefixAllowedTokens });
    return {
      index,
      ids: Array.from(prompt),
      random: createRandom(config.seed + index),
      process: processorChain(processors),
      stopReason: createStopCriteria(config, prompt.length),
    };
  });
  const furthest = Math.max(
    ...prompts.map(({ length }) => Math.min(maxLengthOf(config, length), maxPositions + 1) - length),
  );
  // The last token of all is never fed back.
  using cache = new KVCache(layers, longest + furthest - 1);
  // Shorter prompts are padded on the left, so that every row's next token comes at the same place.
  const padding = Array.from(rows, row => longest - row.ids.length);
  let input: number[][] = rows.map((row, r) => [...new Array<number>(padding[r]).fill(0), ...row.ids]);

  while (rows.length > 0) {
    const logits = forward(model, input, padding, cache);
    const tokens = rows.map((row, r): GeneratedToken => {
      const scores = logits[r];
      row.process(row.ids, scores);
      const id = config.doSample ? multinomial(scores, row.random) : argmax(scores);
      row.ids.push(id);
      const stopped = stopAfter?.(row.index, id);
      const stop = row.stopReason(row.ids) ?? stopped ?? (row.ids.length > maxPositions ? 'context' : undefined);
      return { row: row.index, id, ...(logProbs && { logProb: logProbability(scores, id) }), ...(stop && { stop }) };
    });
    yield tokens;

    const alive = [...tokens.keys()].filter(r => tokens[r].stop === undefined);
    if (alive.length < rows.length && alive.length > 0) {
      scope(() => inferenceMode(() => cache.selectRows(int64(alive, [alive.length]))));
      padding.splice(0, padding.length, ...alive.map(r => padding[r]));
    }
    rows = alive.map(r => rows[r]);
    input = rows.map(row => [row.ids.at(-1)!]);
  }
}

function checkPrompts(prompts: readonly ArrayLike<number>[], context: number, config: GenerationConfig): void {
  for (const [row, { length }] of prompts.entries()) {
    const which = prompts.length > 1 ? `prompt ${row + 1}` : 'the prompt';
    if (length === 0) throw usageError('TSLM_EMPTY_PROMPT', `${which} has no tokens`, 'give at least one word');
    if (length >= context) {
      throw usageError(
        'TSLM_PROMPT_TOO_LONG',
        `${which} has ${length} tokens, the model's context holds ${context} and the answer needs room too`,
        'shorten the prompt, or use a model with a longer context',
      );
    }
    const maxLength = maxLengthOf(config, length);
    if (length >= maxLength) {
      throw usageError(
        'TSLM_PROMPT_TOO_LONG',
        `${which} has ${length} tokens, maxLength allows ${maxLength} with the answer`,
        'raise maxLength, or give maxNewTokens instead',
      );
    }
  }
}

const int64 = (values: ArrayLike<number>, shape: number[]): Tensor =>
  fromTypedArray(BigInt64Array.from(Array.from(values), BigInt), shape, { copy: false });

/** The logits after the last token of each row: [vocab] each, on the JavaScript side. */
function forward(model: Decoder, input: number[][], padding: number[], cache: KVCache): Float32Array[] {
  return scope(() =>
    inferenceMode(() => {
      const { device } = model.embedding.weight;
      const [batch, time] = [input.length, input[0].length];
      const past = cache.length;
      const isPadded = padding.some(count => count > 0);
      const positions = input.flatMap((row, r) => row.map((_, t) => Math.max(0, past + t - padding[r])));
      const mask = input.flatMap((_, r) => Array.from({ length: past + time }, (_, t) => (t < padding[r] ? 0 : 1)));
      const { logits } = model.forward(int64(input.flat(), [batch, time]).to({ device }), {
        cache,
        attentionMask: isPadded ? int64(mask, [batch, past + time]).to({ device }) : undefined,
        positionIds: isPadded ? int64(positions, [batch, time]).to({ device }) : undefined,
        lastLogitsOnly: true,
      });
      const vocab = logits.size(-1);
      const all = new Float32Array(batch * vocab);
      logits.copyTo(all);
      return Array.from({ length: batch }, (_, r) => all.subarray(r * vocab, (r + 1) * vocab));
    }),
  );
}
