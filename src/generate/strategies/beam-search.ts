/**
 * Beam search over a batch of prompts (as in transformers 5), beam sampling, and diverse beam search: groups of beams that
 * avoid the tokens of the groups before them (Vijayakumar et al. 2016, arXiv:1610.02424).
 */

import type { ConstrainingProcessor } from '../../constrain/constrain.ts';
import type { Constraint } from '../../constrain/constraint.ts';
import { usageError } from '../../support/errors.ts';
import { createRandom } from '../../support/random.ts';
import { type GenerationConfig, maxLengthOf } from '../config/generation-options.ts';
import { logitsProcessorsFor } from '../config/logits-processors-for.ts';
import { hammingDiversity, type LogitsProcessor, processorChain } from '../logits-processors/index.ts';
import type { Prompt } from '../prompt/generation-inputs.ts';
import type { Start } from '../prompt/prompts.ts';
import { logSoftmax, nothingAllowed } from '../sampling.ts';
import { createStopCriteria, type TextEnd } from '../stopping.ts';
import { type Beams, createBeams, type Hypothesis } from './beams.ts';
import { forcedWords } from './forced-words.ts';

export interface BeamSearchOptions {
  /** Whether what was generated so far is complete for reasons of the caller's, such as a stop string. */
  isComplete?: (generated: readonly number[]) => boolean;
  /** The only tokens allowed after a text. */
  prefixAllowedTokens?: (inputIds: ArrayLike<number>) => ArrayLike<number>;
  /** What the texts must follow. */
  constraint?: Constraint;
  /** Keeps the texts UTF-8. */
  wholeCharacters?: LogitsProcessor;
  /** Steps of work on the constraint between two yields. Default: all at once. */
  constraintSteps?: number;
}

/** Beams of one prompt, or of one group of them, with the row of the session that each of them is. */
interface Group {
  beams: Beams;
  rows: number[];
  process: LogitsProcessor;
  prepare?: ConstrainingProcessor['prepare'];
}

/** One prompt's groups, in the order in which they choose. */
interface Search {
  groups: Group[];
  /** Tokens that this step's earlier groups have chosen. */
  chosen: number[];
}

/**
 * Searches all prompts of a batch at once. Yields between steps, where the caller may leave.
 *
 * @returns for each prompt its `numReturnSequences` best hypotheses, best first; fewer where fewer were possible
 * @throws UserError when the options allow no token at all
 */
export function* beamSearch(
  { prompts, session, context }: Start,
  config: GenerationConfig,
  options: BeamSearchOptions = {},
): Generator<void, Hypothesis[][]> {
  const searches = prompts.map((prompt, index) => startSearch(prompt, index, context, config, options));
  let alive = searches.flatMap(({ groups }) => groups);
  let input: ArrayLike<number>[] = prompts.map(({ ids }) => ids);
  let isFirst = true;
  while (alive.length > 0) {
    const logProbs = session.step(input).map(logSoftmax);
    const { constraintSteps = Number.POSITIVE_INFINITY } = options;
    for (const { beams, prepare } of alive) {
      for (const { ids } of beams.open) while (prepare?.(ids, constraintSteps) === false) yield;
    }
    for (const search of searches) {
      search.chosen.length = 0;
      for (const { beams, rows, process } of search.groups) {
        if (beams.done) continue;
        if (isFirst) {
          // All beams are the prompt still, and groups share its row.
          const first = logProbs[rows[0]].slice();
          process(beams.open[0].ids, first);
          beams.advance(rows.map(() => first));
        } else {
          for (const [b, { ids }] of beams.open.entries()) process(ids, logProbs[rows[b]]);
          beams.advance(rows.map(row => logProbs[row]));
        }
        search.chosen.push(...beams.open.map(({ ids }) => ids[ids.length - 1]));
      }
    }
    isFirst = false;
    alive = alive.filter(({ beams }) => !beams.done);
    if (alive.length > 0) {
      session.selectRows(alive.flatMap(({ beams, rows }) => beams.open.map(({ parent }) => rows[parent])));
      let row = 0;
      for (const group of alive) group.rows = group.rows.map(() => row++);
      input = alive.flatMap(({ beams }) => beams.open.map(({ ids }) => [ids[ids.length - 1]]));
      yield;
    }
  }
  return searches.map(({ groups }) => {
    const finished = groups.flatMap(({ beams }) => beams.finished).sort((a, b) => b.score - a.score);
    if (finished.length === 0) throw nothingAllowed();
    return finished.slice(0, config.numReturnSequences);
  });
}

function startSearch(
  { ids, padding, encoderInputIds }: Prompt,
  index: number,
  context: number,
  config: GenerationConfig,
  { isComplete, prefixAllowedTokens, constraint, wholeCharacters }: BeamSearchOptions,
): Search {
  const { numBeams, numBeamGroups, diversityPenalty, eosTokenId } = config;
  const width = numBeams / numBeamGroups;
  const chosen: number[] = [];
  const stopCriteria = createStopCriteria(config, ids.length);
  const stopReason = (text: readonly number[]): TextEnd | undefined => {
    const reason = stopCriteria(text);
    if (reason === undefined && isComplete?.(text.slice(ids.length))) return 'stopString';
    return reason ?? (text.length - padding > context ? 'context' : undefined);
  };
  const processors = logitsProcessorsFor(config, {
    promptLength: ids.length,
    encoderInputIds,
    prefixAllowedTokens,
    constraint,
    wholeCharacters,
    minTokensToKeep: 1 + Math.max(1, eosTokenId.length),
    diversity: numBeamGroups > 1 ? hammingDiversity(diversityPenalty, chosen) : undefined,
  });
  const maxNewTokens = maxLengthOf(config, ids.length) - ids.length;
  const words = config.forceWordsIds.length > 0 ? forcedWords(config.forceWordsIds) : undefined;
  if (words && words.missing([]) > maxNewTokens) {
    throw usageError(
      'TSLM_CONTRADICTION',
      `'forceWordsIds' has words of ${words.missing([])} tokens, and 'maxNewTokens' or 'maxLength' leaves ${maxNewTokens}`,
      'allow a longer text',
    );
  }
  const constraining = processors.find((one): one is ConstrainingProcessor => 'prepare' in one);
  const group = (): Group => ({
    prepare: constraining?.prepare,
    beams: createBeams(ids, {
      width,
      eosTokenId,
      lengthPenalty: config.lengthPenalty,
      earlyStopping: config.earlyStopping,
      maxNewTokens,
      stopReason,
      random: config.doSample ? createRandom(config.seed + index) : undefined,
      words,
    }),
    rows: new Array<number>(width).fill(index),
    process: processorChain(processors),
  });
  return { groups: Array.from({ length: numBeamGroups }, group), chosen };
}
