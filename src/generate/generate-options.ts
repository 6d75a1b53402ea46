/** What a caller of `generate` may want beside the configuration: what it watches, and what the texts must follow. */
import type { Constraint } from '../constrain/constraint.ts';
import type { Model } from '../models/model.ts';
import type { MultiTokenHeads } from '../models/multi-token-heads.ts';
import type { LogitsProcessor } from './logits-processors/index.ts';
import type { StartOptions } from './prompt/generation-inputs.ts';
import type { StopReason } from './stopping.ts';

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
  /**
   * A smaller model of the same vocabulary, or the model's own heads for further tokens, which guess what the model then checks:
   * the same greedy texts, samples of the same distribution.
   */
  assistant?: Model | MultiTokenHeads;
  /** Told after each pass over guesses how many there were, and how many of them were right. */
  onGuesses?: (guessed: number, right: number) => void;
  /** Sees the logits of each row's next token before the processors do; it must not keep or change the array. */
  onLogits?: (row: number, logits: Float32Array) => void;
}
