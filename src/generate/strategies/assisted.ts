/**
 * Assisted decoding (Leviathan et al. 2023, arXiv:2211.17192): something quick guesses several tokens, the model reads
 * them in one pass and keeps those that it would have chosen itself. Greedy decoding gives the text that it gives without
 * (as far as rounding allows, where two tokens are equally probable), sampling has the same distribution.
 *
 * One text after the other: different texts accept different numbers of guesses.
 */
import type { Model } from '../../models/model.ts';
import { MultiTokenHeads } from '../../models/multi-token-heads.ts';
import { dispose } from '../../torch/index.ts';
import { type GenerationConfig, maxLengthOf } from '../config/generation-options.ts';
import type { GenerateOptions } from '../generate-options.ts';
import type { GeneratedToken } from '../generated-token.ts';
import { nextToken } from '../next-token.ts';
import type { GenerationInputs } from '../prompt/generation-inputs.ts';
import { readPrompts, type Start, startGeneration } from '../prompt/prompts.ts';
import { createRows, type Row } from '../rows.ts';
import { type CachedStepper, requireCache } from '../steppers/stepper.ts';
import { assistantGuesser } from './assistant.ts';
import { type Guesser, promptLookup } from './guesser.ts';
import { multiTokenGuesser } from './multi-token-guesser.ts';

export function* assisted(
  model: Model,
  inputs: GenerationInputs,
  config: GenerationConfig,
  options: GenerateOptions,
): Generator<GeneratedToken[], void> {
  // All prompts are checked before the first answer is shown.
  const { prompts } = readPrompts(model, inputs, config, options);
  for (const prompt of prompts.keys()) {
    const { pixelValues } = inputs;
    const pixels = pixelValues?.narrow(0, prompt, 1);
    try {
      const own: GenerationInputs = {
        inputIds: inputs.inputIds?.slice(prompt, prompt + 1),
        attentionMask: inputs.attentionMask?.slice(prompt, prompt + 1),
        pixelValues: pixels,
      };
      using start = startGeneration(model, own, config, options);
      using guesser = createGuesser(model, own, config, options, start);
      yield* answers(start, guesser, prompt, config, options);
    } finally {
      dispose(pixels);
    }
  }
}

function createGuesser(
  model: Model,
  inputs: GenerationInputs,
  config: GenerationConfig,
  options: GenerateOptions,
  { prompts, context }: Start,
): Guesser {
  const { assistant } = options;
  if (assistant instanceof MultiTokenHeads) {
    const [{ ids, padding }] = prompts;
    const capacity = Math.min(maxLengthOf(config, ids.length), context + padding + 1);
    return multiTokenGuesser(model, assistant, config, { promptLength: ids.length, padding, capacity });
  }
  if (assistant) return assistantGuesser(assistant, inputs, config, options);
  const { backbone } = model;
  const source = backbone.kind === 'encoderDecoder' ? inputs.inputIds?.[0] : undefined;
  return promptLookup(config.promptLookupNumTokens!, config.maxMatchingNgramSize, source);
}

/** The texts after one prompt, which is read once. */
function* answers(
  { prompts, stepper, context }: Start,
  guesser: Guesser,
  prompt: number,
  config: GenerationConfig,
  options: GenerateOptions,
): Generator<GeneratedToken[], void> {
  requireCache(
    stepper,
    'guesses are checked against keys and values in a cache',
    'the assistant or promptLookupNumTokens',
  );
  const [logits] = stepper.step([prompts[0].ids]);
  for (const row of createRows(prompts, config, options, prompt)) {
    stepper.truncate(row.promptLength);
    guesser.restart?.();
    yield* answer(row, logits.slice(), { stepper, guesser, context, config, options });
  }
}

interface Parts {
  stepper: CachedStepper;
  guesser: Guesser;
  context: number;
  config: GenerationConfig;
  options: GenerateOptions;
}

/** @param first logits after the prompt */
function* answer(
  row: Row,
  first: Float32Array,
  { stepper, guesser, context, config, options }: Parts,
): Generator<GeneratedToken[], void> {
  const longest = Math.min(maxLengthOf(config, row.promptLength), context + row.padding + 1);
  let guesses: ReturnType<Guesser['guess']> = [];
  let logits = [first];
  while (true) {
    let right = 0;
    for (const [i, scores] of logits.entries()) {
      const guess = guesses.at(i);
      const token = nextToken(row, scores, { ...options, context, doSample: config.doSample, guess });
      yield [token];
      const isRight = token.id === guess?.id;
      if (isRight) right++;
      if (token.stop) {
        if (guesses.length > 0) options.onGuesses?.(guesses.length, right);
        return;
      }
      if (!isRight) break;
    }
    if (guesses.length > 0) {
      guesser.learn?.(right);
      options.onGuesses?.(guesses.length, right);
    }
    // What was read of wrong guesses is forgotten; the last token has not been read.
    stepper.truncate(row.ids.length - 1);
    const most = longest - row.ids.length - 1;
    guesses = most > 0 ? guesser.guess(row, most, first.length) : [];
    const fed = [row.ids.at(-1)!, ...guesses.map(({ id }) => id)];
    [logits] = stepper.read([fed], { logitsToKeep: fed.length }).logits;
  }
}
