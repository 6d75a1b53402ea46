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
import { type CachedSession, requireCache } from '../sessions/session.ts';
import { assistantDrafter } from './assistant.ts';
import { type Drafter, promptLookup } from './drafter.ts';
import { multiTokenDrafter } from './multi-token-drafter.ts';

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
      using drafter = createDrafter(model, own, config, options, start);
      yield* answers(start, drafter, prompt, config, options);
    } finally {
      dispose(pixels);
    }
  }
}

function createDrafter(
  model: Model,
  inputs: GenerationInputs,
  config: GenerationConfig,
  options: GenerateOptions,
  { prompts, context }: Start,
): Drafter {
  const { assistant } = options;
  if (assistant instanceof MultiTokenHeads) {
    const [{ ids, padding }] = prompts;
    const capacity = Math.min(maxLengthOf(config, ids.length), context + padding + 1);
    return multiTokenDrafter(model, assistant, config, { promptLength: ids.length, padding, capacity });
  }
  if (assistant) return assistantDrafter(assistant, inputs, config, options);
  const { backbone } = model;
  const source = backbone.kind === 'encoderDecoder' ? inputs.inputIds?.[0] : undefined;
  return promptLookup(config.promptLookupNumTokens!, config.maxMatchingNgramSize, source);
}

/** The texts after one prompt, which is read once. */
function* answers(
  { prompts, session, context }: Start,
  drafter: Drafter,
  prompt: number,
  config: GenerationConfig,
  options: GenerateOptions,
): Generator<GeneratedToken[], void> {
  requireCache(
    session,
    'guesses are checked against keys and values in a cache',
    'the assistant or promptLookupNumTokens',
  );
  const [logits] = session.step([prompts[0].ids]);
  for (const row of createRows(prompts, config, options, prompt)) {
    session.truncate(row.promptLength);
    drafter.restart?.();
    yield* answer(row, logits.slice(), { session, drafter, context, config, options });
  }
}

interface Parts {
  session: CachedSession;
  drafter: Drafter;
  context: number;
  config: GenerationConfig;
  options: GenerateOptions;
}

/** @param first logits after the prompt */
function* answer(
  row: Row,
  first: Float32Array,
  { session, drafter, context, config, options }: Parts,
): Generator<GeneratedToken[], void> {
  const longest = Math.min(maxLengthOf(config, row.promptLength), context + row.padding + 1);
  let guesses: ReturnType<Drafter['guess']> = [];
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
      drafter.learn?.(right);
      options.onGuesses?.(guesses.length, right);
    }
    // What was read of wrong guesses is forgotten; the last token has not been read.
    session.truncate(row.ids.length - 1);
    const most = longest - row.ids.length - 1;
    guesses = most > 0 ? drafter.guess(row, most, first.length) : [];
    const fed = [row.ids.at(-1)!, ...guesses.map(({ id }) => id)];
    [logits] = session.read([fed], { logitsToKeep: fed.length }).logits;
  }
}
