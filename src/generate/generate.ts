/**
 * The generation loop: prompts in a batch, one forward pass a token, the next token chosen by processors and sampling, or
 * whole texts by beam search. Works on token ids; `text.ts` puts text around it.
 */

import type { Constraint } from '../constrain/constraint.ts';
import type { Model } from '../models/model.ts';
import { usageError } from '../support/errors.ts';
import { isContrastive } from './config/contradictions.ts';
import type { GenerationConfig } from './config/generation-config.ts';
import type { LogitsProcessor } from './logits-processors/index.ts';
import { type GenerationInputs, type Start, type StartOptions, startGeneration } from './prompt/prompts.ts';
import { addToken, createRows } from './rows.ts';
import { argmax, multinomial } from './sampling.ts';
import type { StopReason, TextEnd } from './stopping.ts';
import { assisted } from './strategies/assisted.ts';
import { beamSearch } from './strategies/beam-search.ts';
import { contrastiveSearch } from './strategies/contrastive-search.ts';

export interface GeneratedToken {
  /** Which text it belongs to: `numReturnSequences` for the first prompt, as many for the second, and so on. */
  row: number;
  id: number;
  /** Natural logarithm of its probability after the processors, where asked for. */
  logProb?: number;
  /** Set on the last token of a row. */
  stop?: TextEnd;
  /** On the last token of a row that beam search found: the hypothesis' score. */
  score?: number;
}

export interface GenerateOptions extends StartOptions {
  /** Report each token's log-probability. Default false. */
  logProbs?: boolean;
  /** Called for every token; ends the row for reasons of the caller's, such as a stop string. */
  stopAfter?: (row: number, id: number) => StopReason | undefined;
  /** In beam search, where texts branch: whether what was generated so far ends there for such a reason. */
  isComplete?: (generated: readonly number[]) => boolean;
  /** The only tokens allowed after a text. */
  prefixAllowedTokens?: (inputIds: ArrayLike<number>) => ArrayLike<number>;
  /** What the texts must follow: a JSON Schema, a regular expression or a grammar, compiled (`constrain/`). */
  constraint?: Constraint;
  /** Keeps sampled texts UTF-8: `wholeCharacters(tokenizer)`. Default: any token may follow any other. */
  wholeCharacters?: LogitsProcessor;
  /** Steps of work on the constraint (`constrain/work.ts`) between two yields, which may then be empty. Default: all at once. */
  constraintSteps?: number;
  /** A smaller model of the same vocabulary, which guesses tokens that the model then checks: the same greedy texts, samples of the same distribution. */
  assistant?: Model;
  /** Sees the logits of each row's next token before the processors do; it must not keep or change the array. */
  onLogits?: (row: number, logits: Float32Array) => void;
}

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
  checkAssistant(config, options);
  if (config.numBeams === 1 && !isContrastive(config) && (options.assistant || config.promptLookupNumTokens)) {
    yield* assisted(model, inputs, config, options);
    return;
  }
  using start = startGeneration(model, inputs, config, options);
  const strategy = config.numBeams > 1 ? hypotheses : isContrastive(config) ? contrastiveSearch : sampling;
  yield* strategy(start, config, options);
}

/** Beside the configuration there may be an assistant, which is a way of choosing tokens, too. */
function checkAssistant(config: GenerationConfig, { assistant }: GenerateOptions): void {
  if (!assistant) return;
  const others: Record<string, boolean> = {
    numBeams: config.numBeams > 1,
    penaltyAlpha: isContrastive(config),
    guidanceScale: config.guidanceScale !== 1,
    promptLookupNumTokens: config.promptLookupNumTokens !== undefined,
  };
  const other = Object.keys(others).find(key => others[key]);
  if (other) {
    throw usageError('TSLM_CONTRADICTION', `an assistant does not go with '${other}'`, `leave out one of them`);
  }
}

function* sampling(
  { prompts, stepper, context }: Start,
  config: GenerationConfig,
  options: GenerateOptions,
): Generator<GeneratedToken[], void> {
  const copies = config.numReturnSequences;
  let rows = createRows(prompts, config, options);
  let logits = stepper.step(prompts.map(({ ids }) => ids));
  if (copies > 1) {
    // A prompt is read once, however many texts follow it.
    const promptOf = rows.map(({ index }) => Math.floor(index / copies));
    stepper.selectRows(promptOf);
    logits = promptOf.map(prompt => logits[prompt].slice());
  }
  while (true) {
    const { constraintSteps = Number.POSITIVE_INFINITY } = options;
    for (const row of rows) while (row.prepare?.(row.ids, constraintSteps) === false) yield [];
    const tokens = rows.map((row, r): GeneratedToken => {
      const scores = logits[r];
      options.onLogits?.(row.index, scores);
      row.process(row.ids, scores);
      const id = config.doSample ? multinomial(scores, row.random) : argmax(scores);
      return addToken(row, id, scores, { ...options, context });
    });
    yield tokens;

    const alive = [...tokens.keys()].filter(r => tokens[r].stop === undefined);
    if (alive.length === 0) return;
    if (alive.length < rows.length) stepper.selectRows(alive);
    rows = alive.map(r => rows[r]);
    logits = stepper.step(rows.map(row => [row.ids.at(-1)!]));
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
