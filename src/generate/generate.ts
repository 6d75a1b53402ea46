/**
 * The generation loop: prompts in a batch, one forward pass a token, the next token chosen by processors and sampling, or
 * whole texts by beam search. Works on token ids; `text.ts` puts text around it.
 */

import type { Model } from '../models/model.ts';
import { checkAssistant, isContrastive } from './config/contradictions.ts';
import type { GenerationConfig } from './config/generation-options.ts';
import type { GenerateOptions } from './generate-options.ts';
import type { GeneratedToken } from './generated-token.ts';
import { nextToken } from './next-token.ts';
import type { GenerationInputs } from './prompt/generation-inputs.ts';
import { type Start, startGeneration } from './prompt/prompts.ts';
import { createRows } from './rows.ts';
import { assisted } from './strategies/assisted.ts';
import { beamSearch } from './strategies/beam-search.ts';
import { contrastiveSearch } from './strategies/contrastive-search.ts';

/**
 * Generates after each prompt, yielding the tokens of each step as they are made. Leaving the loop early frees
 * everything; between steps nothing runs, so a caller can stop at any token. Beam search yields empty steps until the
 * texts are decided, then their tokens.
 *
 * @param prompts token ids, each with at least one, which a decoder continues and an encoder–decoder answers; or all that
 *   a model reads: ids with an attention mask, images
 * @throws UserError when a prompt is empty, does not fit the model's context or is as long as `maxLength` already
 */
export function* generate(
  model: Model,
  prompts: readonly ArrayLike<number>[] | GenerationInputs,
  config: GenerationConfig,
  options: GenerateOptions = {},
): Generator<GeneratedToken[], void> {
  const inputs: GenerationInputs = 'length' in prompts ? { inputIds: prompts } : prompts;
  if (inputs.inputIds?.length === 0) return;
  if (options.assistant) checkAssistant(config);
  if (config.numBeams === 1 && !isContrastive(config) && (options.assistant || config.promptLookupNumTokens)) {
    yield* assisted(model, inputs, config, options);
    return;
  }
  using start = startGeneration(model, inputs, config, options);
  const strategy = config.numBeams > 1 ? hypotheses : isContrastive(config) ? contrastiveSearch : sampling;
  yield* strategy(start, config, options);
}

function* sampling(
  { prompts, session, context }: Start,
  config: GenerationConfig,
  options: GenerateOptions,
): Generator<GeneratedToken[], void> {
  const copies = config.numReturnSequences;
  let rows = createRows(prompts, config, options);
  let logits = session.step(prompts.map(({ ids }) => ids));
  if (copies > 1) {
    // A prompt is read once, however many texts follow it.
    const promptOf = rows.map(({ index }) => Math.floor(index / copies));
    session.selectRows(promptOf);
    logits = promptOf.map(prompt => logits[prompt].slice());
  }
  while (true) {
    const { constraintSteps = Number.POSITIVE_INFINITY } = options;
    for (const row of rows) while (row.prepare?.(row.ids, constraintSteps) === false) yield [];
    const tokens = rows.map((row, r) => nextToken(row, logits[r], { ...options, context, doSample: config.doSample }));
    yield tokens;

    const alive = [...tokens.keys()].filter(r => tokens[r].stop === undefined);
    if (alive.length === 0) return;
    if (alive.length < rows.length) session.selectRows(alive);
    rows = alive.map(r => rows[r]);
    logits = session.step(rows.map(row => [row.ids.at(-1)!]));
  }
}

/** Beam search as a stream: nothing until all is decided, then the texts token by token. */
function* hypotheses(
  start: Start,
  config: GenerationConfig,
  {
    logProbs = false,
    stopAfter,
    isComplete,
    prefixAllowedTokens,
    constraint,
    constraintSteps,
    wholeCharacters,
  }: GenerateOptions,
): Generator<GeneratedToken[], void> {
  const search = beamSearch(start, config, {
    isComplete,
    prefixAllowedTokens,
    constraint,
    constraintSteps,
    wholeCharacters,
  });
  let step = search.next();
  for (; !step.done; step = search.next()) yield [];
  const texts = step.value.flatMap((found, prompt) =>
    found.map(({ ids, ...rest }, rank) => ({
      ...rest,
      row: prompt * config.numReturnSequences + rank,
      generated: ids.slice(start.prompts[prompt].ids.length),
    })),
  );
  const longest = Math.max(...texts.map(({ generated }) => generated.length));
  for (let t = 0; t < longest; t++) {
    yield texts
      .filter(({ generated }) => t < generated.length)
      .map(({ row, generated, stop, score, logProbs: all }): GeneratedToken => {
        const id = generated[t];
        stopAfter?.(row, id);
        const isLast = t === generated.length - 1;
        return { row, id, ...(logProbs && { logProb: all[t] }), ...(isLast && { stop, score }) };
      });
  }
}
