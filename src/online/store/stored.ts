/** What a store keeps: answers with their choices, and judgements of them. */
import type { Said, Tools } from '../../data/rows/rows.ts';
import type { JudgementKind, JudgementValue } from './judgement.ts';

export interface Choice {
  position: number;
  text: string;
  finish: string;
  /** Of the answer as it was written; absent where scrubbing has changed the text. */
  tokenIds?: readonly number[];
  /** Natural logarithms, of each token. */
  logprobs?: readonly number[];
}

export interface StoredAnswer {
  id: string;
  /** Milliseconds since 1970. */
  created: number;
  model: string;
  /** `system_fingerprint` of the weights that wrote it. */
  revision: string;
  /** Keyed hashes: names of people are not kept. */
  user: string;
  conversation?: string;
  prompt: Said;
  tools?: Tools;
  choices: readonly Choice[];
  expires?: number;
  /** It was written beside that answer to the same request, and not shown. */
  shadowOf?: string;
}

export interface Judgement {
  id: string;
  created: number;
  answer: string;
  position: number;
  user: string;
  value: JudgementValue;
  /** What a review has said of it. */
  verdict?: Verdict;
}

export const VERDICTS = ['accepted', 'rejected'] as const;
/** What a review says of a judgement; only accepted ones are learnt where a review is required. */
export type Verdict = (typeof VERDICTS)[number];

export interface JudgementFilter {
  kind?: JudgementKind;
  user?: string;
  answer?: string;
  /** `waiting`: nobody has reviewed it. */
  review?: Verdict | 'waiting';
  /** Milliseconds since 1970. */
  since?: number;
  /** Newest first, at most `limit`. Default: all, oldest first. */
  last?: number;
}

/** Whose answers are to be forgotten, with all that was said of them. */
export type Deletion = { user: string } | { conversation: string } | { answer: string };
