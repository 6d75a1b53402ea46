/**
 * An n-gram language model: the probability of a token after the last order − 1 tokens of its document, by backing off
 * from the longest context that the model knows (Katz 1987; with Kneser–Ney's interpolated probabilities in the trie).
 * Logarithms are natural.
 */
import type { Random } from '../support/random.ts';
import { outsideVocabulary } from './counts.ts';
import { findChild, type Trie } from './trie.ts';
import type { NgramVocabulary } from './vocabulary.ts';

/** state[k-1]: the node of the last k tokens read, -1 where the model has no such n-gram. */
export type NgramState = Int32Array;

export interface NgramScore {
  /** Sum over tokens, nats. */
  logProb: number;
  tokens: number;
}

export class NgramModel {
  readonly order: number;

  constructor(
    readonly trie: Trie,
    readonly vocabulary: NgramVocabulary,
  ) {
    this.order = trie.length;
  }

  /** The state before the first token of a document. */
  start(): NgramState {
    const state = new Int32Array(Math.max(1, this.order - 1));
    this.#restart(state);
    return state;
  }

  /** The state after `context`, the tokens of a document from its beginning. */
  stateAfter(context: ArrayLike<number>): NgramState {
    const state = this.start();
    for (let i = Math.max(0, context.length - this.order + 1); i < context.length; i++) this.advance(state, context[i]);
    return state;
  }

  /** log p(token | state). Changes the state to that after the token; after the end of a document, to the start. */
  advance(state: NgramState, token: number): number {
    const { trie, order, vocabulary } = this;
    if (!(token >= 0 && token < vocabulary.size)) throw outsideVocabulary(token, 0, vocabulary.size);
    let logProb = trie[0].logProbs[token];
    let node = token;
    for (let k = 1; k < order; k++) {
      const context = state[k - 1];
      state[k - 1] = node;
      node = -1;
      if (context < 0) continue;
      node = findChild(trie, k, context, token);
      if (node >= 0) logProb = trie[k].logProbs[node];
      else logProb += trie[k - 1].logBackoffs[context];
    }
    if (token === vocabulary.end) this.#restart(state);
    return logProb;
  }

  #restart(state: NgramState): void {
    state.fill(-1);
    state[0] = this.vocabulary.start;
  }

  /** log p(token | context), `context` being the tokens of a document from its beginning. */
  logProb(context: ArrayLike<number>, token: number): number {
    return this.advance(this.stateAfter(context), token);
  }

  /**
   * Total log probability of `tokens`: documents one after the other, each closed by the end token.
   *
   * @param state where to go on from; changed. Default: the start of a document
   */
  score(tokens: ArrayLike<number>, state: NgramState = this.start()): NgramScore {
    let logProb = 0;
    for (let i = 0; i < tokens.length; i++) logProb += this.advance(state, tokens[i]);
    return { logProb, tokens: tokens.length };
  }

  /** exp of the mean negative log probability. */
  perplexity(tokens: ArrayLike<number>): number {
    return Math.exp(-this.score(tokens).logProb / tokens.length);
  }

  /** p(· | state) over all ids, `[vocabulary.size]`, sums to 1. */
  distributionAfter(state: NgramState): Float64Array {
    const probs = Float64Array.from(this.trie[0].logProbs, Math.exp);
    for (let k = 1; k < this.order; k++) {
      const context = state[k - 1];
      if (context < 0) continue;
      const { logBackoffs, childStart } = this.trie[k - 1];
      const { tokens, logProbs } = this.trie[k];
      const backoff = Math.exp(logBackoffs[context]);
      for (let id = 0; id < probs.length; id++) probs[id] *= backoff;
      for (let i = childStart[context]; i < childStart[context + 1]; i++) probs[tokens[i]] = Math.exp(logProbs[i]);
    }
    return probs;
  }

  /** p(· | context) over all ids, `[vocabulary.size]`. */
  distribution(context: ArrayLike<number>): Float64Array {
    return this.distributionAfter(this.stateAfter(context));
  }

  /** Draws a token from p(· | context)^(1/temperature), normalised; temperature 0 takes the most probable one. */
  sample(context: ArrayLike<number>, random: Random, options: { temperature?: number } = {}): number {
    return draw(this.distribution(context), random, options.temperature);
  }

  /**
   * Continues a document token by token, up to `maxTokens` or the end of the document, which is the last token yielded.
   *
   * @param prompt tokens of the document so far
   * @param options.temperature default 1
   */
  *generate(
    prompt: ArrayLike<number>,
    { maxTokens, random, temperature }: { maxTokens: number; random: Random; temperature?: number },
  ): Generator<number> {
    const state = this.stateAfter(prompt);
    for (let i = 0; i < maxTokens; i++) {
      const token = draw(this.distributionAfter(state), random, temperature);
      yield token;
      if (token === this.vocabulary.end) return;
      this.advance(state, token);
    }
  }
}

function draw(probs: Float64Array, random: Random, temperature = 1): number {
  if (temperature === 0) return probs.indexOf(probs.reduce((most, p) => Math.max(most, p), 0));
  const weights = temperature === 1 ? probs : probs.map(p => p ** (1 / temperature));
  let left = random.next() * weights.reduce((sum, w) => sum + w, 0);
  for (let id = 0; id < weights.length; id++) {
    left -= weights[id];
    if (left < 0) return id;
  }
  return weights.findLastIndex(w => w > 0);
}
