/**
 * The bookkeeping of beam search for one prompt, on numbers alone: the open beams, the finished hypotheses, and when
 * nothing better can come (as transformers 5, `_beam_search`, decides it). Scores are sums of log-probabilities in
 * float32, as there, so that ties fall alike.
 */
import type { Random } from '../../support/random.ts';
import type { GenerationConfig } from '../config/generation-options.ts';
import type { TextEnd } from '../stopping.ts';
import { forcedCandidates, inTurn } from './banks.ts';
import { bestCandidates, drawCandidates } from './candidates.ts';
import type { ForcedWords } from './forced-words.ts';

/** Below every real score: of a beam that is there only to fill its place. */
const DEAD = -1e9;

export interface Beam {
  /** Prompt and what was generated. */
  ids: number[];
  /** Of each generated token, after the processors. */
  logProbs: number[];
  /** Their sum. */
  score: number;
  /** The beam of the step before that it continues. */
  parent: number;
}

export interface Hypothesis {
  ids: number[];
  logProbs: number[];
  /** Sum of log-probabilities / generated tokens ** lengthPenalty; the end-of-sequence token counts. */
  score: number;
  stop: TextEnd;
}

export interface BeamsOptions extends Pick<GenerationConfig, 'earlyStopping' | 'lengthPenalty' | 'eosTokenId'> {
  /** Beams that are kept open, and hypotheses that are kept. */
  width: number;
  /** Most tokens that may be generated: what `earlyStopping: 'never'` hopes for. */
  maxNewTokens: number;
  /** Why a text ends here, if it does. */
  stopReason: (ids: readonly number[]) => TextEnd | undefined;
  /** Draws the candidates instead of taking the best. */
  random?: Random;
  /** Words that a finished text must hold. */
  words?: ForcedWords;
}

export interface Beams {
  /** Open beams, best first. */
  readonly open: readonly Beam[];
  /** Finished ones, best first, at most `width`. */
  readonly finished: readonly Hypothesis[];
  /** Nothing better can come, or nothing may. */
  readonly done: boolean;
  /** Takes the log-probabilities of the next token after each open beam: [vocabulary] each. */
  advance(logProbs: readonly Float32Array[]): void;
}

export function createBeams(prompt: readonly number[], options: BeamsOptions): Beams {
  const { width, lengthPenalty, earlyStopping, eosTokenId, maxNewTokens, stopReason, random, words } = options;
  const lacks = (ids: readonly number[]): number => words?.missing(ids.slice(prompt.length)) ?? 0;
  // So many that as many as `width` go on even when every beam could end in every way.
  const count = Math.max(2, 1 + eosTokenId.length) * width;
  const normalized = (score: number, length: number): number =>
    Math.fround(score / Math.fround(length ** lengthPenalty));
  // All beams are the prompt; only one of them counts, or all would become the same.
  let open: Beam[] = Array.from({ length: width }, (_, b) => ({
    ids: [...prompt],
    logProbs: [],
    score: b === 0 ? 0 : DEAD,
    parent: b,
  }));
  let finished: Hypothesis[] = [];
  let done = false;
  return {
    get open() {
      return open;
    },
    get finished() {
      return finished;
    },
    get done() {
      return done;
    },
    advance(logProbs) {
      const scores = open.map(beam => beam.score);
      const candidates = words
        ? forcedCandidates(open, logProbs, words, { promptLength: prompt.length, eosTokenId })
        : random
          ? drawCandidates(scores, logProbs, count, random)
          : bestCandidates(scores, logProbs, count);
      const continuations = candidates.map(({ beam, id, score, logProb }) => {
        const ids = [...open[beam].ids, id];
        return { ids, logProbs: [...open[beam].logProbs, logProb], score, parent: beam, stop: stopReason(ids) };
      });
      const length = open[0].ids.length + 1 - prompt.length;
      const next = words ? inTurn(continuations, ({ ids }) => lacks(ids), maxNewTokens - length) : continuations;

      // An end counts only among the best: one that is barely a candidate would be finished for its shortness.
      for (const { ids, logProbs, score, stop } of next.slice(0, width)) {
        const final = normalized(score, length);
        if (stop && final > Number.NEGATIVE_INFINITY && lacks(ids) === 0)
          finished.push({ ids, logProbs, score: final, stop });
      }
      finished = finished.sort((a, b) => b.score - a.score).slice(0, width);

      const kept = [...next.filter(({ stop }) => !stop), ...next.filter(({ stop }) => stop)].slice(0, width);
      open = (words ? kept : next)
        .map(({ ids, logProbs, score, parent, stop }) => ({
          ids,
          logProbs,
          score: stop ? Math.fround(score + DEAD) : score,
          parent,
        }))
        .sort((a, b) => b.score - a.score)
        .slice(0, width);

      const isFull = finished.length === width;
      const hopedLength = earlyStopping === 'never' && lengthPenalty > 0 ? maxNewTokens : length;
      const worst = isFull ? finished[width - 1].score : DEAD;
      const canImprove = normalized(open[0].score, hopedLength) > worst;
      done = !canImprove || (earlyStopping === true && isFull) || next.every(({ stop }) => stop !== undefined);
    },
  };
}
