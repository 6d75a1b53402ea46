/**
 * What a benchmark asks of a model, wherever it runs: how probable continuations and texts are, and what it writes. The three
 * requests are lm-evaluation-harness's.
 */
import type { ChatMessage } from '../../tokenizers/tokenizer.ts';

/** A continuation whose probability after a context is asked for. */
export interface LoglikelihoodRequest {
  context: string;
  continuation: string;
}

export interface Loglikelihood {
  /** Sum over the continuation's tokens, nats. */
  logProb: number;
  /** Whether each of its tokens is the most probable one at its place. */
  isGreedy: boolean;
  /** Tokens of the continuation. */
  tokens: number;
}

export interface RollingLoglikelihood {
  logProb: number;
  tokens: number;
  /** UTF-8 bytes of the text. */
  bytes: number;
}

export interface GenerationRequest {
  context: string;
  /** Texts that end the answer and are not part of it. */
  until: readonly string[];
  maxNewTokens: number;
  /** Everything else, under Hugging Face's names: `do_sample`, `temperature`, `num_beams`. */
  options: Readonly<Record<string, unknown>>;
}

export interface RequestOptions {
  /** Told how many requests are done. */
  onProgress?: (done: number, requests: number) => void;
  /** Ends the work between two batches. */
  signal?: AbortSignal;
}

export interface EvaluatedModel extends Disposable {
  readonly name: string;
  /** How texts are scored: from left to right, by masks, or as the answers of an encoder–decoder; `none`: it makes vectors alone. */
  readonly scoring: 'causal' | 'masked' | 'seq2seq' | 'none';
  loglikelihood(requests: readonly LoglikelihoodRequest[], options?: RequestOptions): Promise<Loglikelihood[]>;
  loglikelihoodRolling(texts: readonly string[], options?: RequestOptions): Promise<RollingLoglikelihood[]>;
  generateUntil(requests: readonly GenerationRequest[], options?: RequestOptions): Promise<string[]>;
  /** A vector of length 1 for each text. */
  embed?(texts: readonly string[], options?: RequestOptions): Promise<Float32Array[]>;
  applyChatTemplate?(messages: readonly ChatMessage[], options?: { addGenerationPrompt?: boolean }): string;
}
