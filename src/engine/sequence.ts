/** A sequence being decoded: its tokens, how many of them the cache holds, and in which pages. */
import type { LogitsProcessor } from '../generate/logits-processors/index.ts';
import { createRows, type Row } from '../generate/rows.ts';
import type { Choice } from './choice.ts';
import type { Job } from './job.ts';
import type { Owner, TokenInfo } from './protocol.ts';

export interface Sequence {
  job: Job;
  choice: Choice;
  row: Row;
  /** Tokens that the cache holds. */
  past: number;
  pages: number[];
  /** Full pages that others may find. */
  published: number;
  /** Log-probabilities of the prompt's tokens, while they are collected. */
  prompt: TokenInfo[];
  /** Steps since it was let in. */
  turn: number;
  /** Was let in before. */
  isKnown: boolean;
}

/** @param wholeCharacters keeps the text UTF-8 */
export function createSequence(job: Job, index: number, wholeCharacters?: LogitsProcessor): Sequence {
  const { ids, config, constraint } = job;
  const own = { ...config, numReturnSequences: 1, seed: config.seed + index };
  const [row] = createRows([{ ids, padding: 0 }], own, { constraint, wholeCharacters });
  return {
    job,
    choice: job.choices[index],
    row,
    past: 0,
    pages: [],
    published: 0,
    prompt: [],
    turn: 0,
    isKnown: false,
  };
}

export const ownerOf = ({ job }: Sequence): Owner => job.owner;

/** Tokens that the model has not read. */
export const unread = ({ row, past }: Sequence): number => row.ids.length - past;

/** Whether the log-probabilities of the prompt's tokens are collected as it is read. */
export const scoresPrompt = ({ job, choice }: Sequence): boolean =>
  job.request.promptLogprobs !== undefined && choice.index === 0 && !job.hasStarted;
