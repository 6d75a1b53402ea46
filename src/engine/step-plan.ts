/**
 * What a step reads: a token of each text that grows, and of prompts stretches that share the room there is (Agrawal et al.
 * 2023).
 */
import type { PagedInput } from '../generate/sessions/paged-model.ts';
import type { Batch } from './batch.ts';
import { ownerOf, type Sequence, scoresPrompt, unread } from './sequence.ts';
import { divideFairly } from './shares.ts';

/** With the log-probabilities of a prompt every position has logits: fewer at once. */
export const SCORED_TOKENS = 64;

export interface Stretch {
  sequence: Sequence;
  /** Tokens to read. */
  count: number;
  /** Nothing is left to read then: the next token is chosen. */
  isLast: boolean;
}

/**
 * Texts for whose prompts there is no room in this step are left out.
 *
 * @param running each with at least one token to read
 * @param maxPromptTokens most tokens of prompts
 */
export function stretchesOf(running: readonly Sequence[], maxPromptTokens: number): Stretch[] {
  const reading = running.filter(sequence => unread(sequence) > 1);
  const demandOf = (sequence: Sequence): number =>
    Math.min(unread(sequence), scoresPrompt(sequence) ? SCORED_TOKENS : maxPromptTokens);
  const portions = divideFairly(maxPromptTokens, reading, { ownerOf, demandOf });
  const stretches: Stretch[] = [];
  for (const sequence of running) {
    const left = unread(sequence);
    const count = left === 1 ? 1 : portions.get(sequence)!;
    if (count > 0) stretches.push({ sequence, count, isLast: count === left });
  }
  return stretches;
}

/** What the model is given for it. */
export function inputOf({ sequence, count, isLast }: Stretch): PagedInput {
  const { row, past, pages } = sequence;
  return {
    ids: row.ids.slice(past, past + count),
    past,
    pages,
    logits: scoresPrompt(sequence) ? 'all' : isLast ? 'last' : 'none',
  };
}

export interface Planned {
  sequence: Sequence;
  input: PagedInput;
}

/**
 * What each text of the batch feeds in a step. One that has no page for its next token sits out, and so does one of which it
 * is not known yet what that token may be.
 *
 * @param options.isPrepared asked of texts whose next token is to be chosen
 */
export function planStep(
  batch: Batch,
  { maxPromptTokens, isPrepared }: { maxPromptTokens: number; isPrepared: (sequence: Sequence) => boolean },
): Planned[] {
  const planned: Planned[] = [];
  for (const stretch of stretchesOf(batch.running, maxPromptTokens)) {
    const { sequence, isLast } = stretch;
    // One that was to come may have had to leave its pages to another.
    if (!batch.running.includes(sequence) || (isLast && !isPrepared(sequence))) continue;
    if (batch.makeRoom(sequence)) planned.push({ sequence, input: inputOf(stretch) });
  }
  const kept = planned.filter(({ sequence }) => batch.running.includes(sequence));
  for (const { sequence } of kept) sequence.turn++;
  return kept;
}
