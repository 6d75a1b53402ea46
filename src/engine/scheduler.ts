/**
 * Continuous batching (Yu et al. 2022): at every step each growing text gets a token, and what room the step has left goes to
 * prompts that are still to be read, in stretches (Agrawal et al. 2023). Texts come and go between two steps. Places in the batch
 * and room for prompts are shared evenly between clients and requests (`shares.ts`): whoever has more than its share lets go.
 */

import { spentSoFar } from '../constrain/index.ts';
import type { LogitsProcessor } from '../generate/logits-processors/index.ts';
import { addToken, createRows, type Row } from '../generate/rows.ts';
import { argmax, multinomial } from '../generate/sampling.ts';
import type { PagedInput, PagedModel } from '../generate/steppers/paged-model.ts';
import type { Choice } from './choice.ts';
import type { Job } from './job.ts';
import { createPagePool } from './pages.ts';
import type { Owner, TokenInfo } from './protocol.ts';
import { divideFairly, sharesOf } from './shares.ts';
import type { TokenInfos } from './token-infos.ts';

/** A text that grows: its tokens, how many of them the cache holds, and the pages that do. */
interface Sequence {
  job: Job;
  choice: Choice;
  row: Row;
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

export interface SchedulerOptions {
  paged: PagedModel;
  infos: TokenInfos;
  contextLength: number;
  /** Keeps texts UTF-8. */
  wholeCharacters?: LogitsProcessor;
  /** Most texts that grow at once. */
  maxBatch: number;
  /** Most tokens of prompts that a step reads. */
  maxPromptTokens: number;
  /** Runs a forward pass with an adapter. */
  withAdapter: <T>(adapter: string | undefined, body: () => T) => T;
  /** Told why a request cannot be finished. */
  onError: (job: Job, error: unknown) => void;
}

export interface Scheduler {
  add(job: Job): void;
  /** One step of everything; false when there is nothing to do. */
  step(): boolean;
  readonly queued: number;
  queuedOf(owner: Owner): number;
  /** Clients that have texts here. */
  readonly clients: number;
  readonly running: number;
  readonly usedTokens: number;
  readonly counts: {
    cachedTokens: number;
    promptTokens: number;
    completionTokens: number;
    steps: number;
    batchSizes: number;
  };
}

/**
 * Steps of work on constraints in one step of all texts, some milliseconds: a text whose mask takes longer sits out while
 * the others go on.
 */
export const CONSTRAINT_STEPS = 200_000;

/** With the log-probabilities of a prompt every position has logits: fewer at once. */
const SCORED_TOKENS = 64;

/** Steps after which a text that others wait for lets one of them in. */
const TURN = 64;

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { paged, infos, contextLength, maxBatch, maxPromptTokens, withAdapter, onError } = options;
  const { pageSize } = paged;
  const pool = createPagePool(paged.pages, pageSize);
  const waiting: Sequence[] = [];
  const running: Sequence[] = [];
  /** Whether a text sits out because of its constraint. */
  let isPreparing = false;
  const counts = { cachedTokens: 0, promptTokens: 0, completionTokens: 0, steps: 0, batchSizes: 0 };

  function sequenceOf(job: Job, index: number): Sequence {
    const { ids, config, constraint } = job;
    const own = { ...config, numReturnSequences: 1, seed: config.seed + index };
    const [row] = createRows([{ ids, padding: 0 }], own, { constraint, wholeCharacters: options.wholeCharacters });
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

  const rootOf = ({ job }: Sequence): string => job.request.adapter ?? '';
  const scoresPrompt = ({ job, choice }: Sequence): boolean =>
    job.request.promptLogprobs !== undefined && choice.index === 0 && !job.hasStarted;

  const ownerOf = ({ job }: Sequence): Owner => job.owner;
  const shares = () => sharesOf(running, ownerOf);

  /** Gives its pages back: what they hold is read anew later. */
  function leave(sequence: Sequence): void {
    pool.release(sequence.pages);
    sequence.pages = [];
    sequence.past = 0;
    sequence.published = 0;
    sequence.prompt = [];
  }

  /** Out of the batch for a while, with its pages as long as nobody needs them. */
  function pause(sequence: Sequence, { isLast = false } = {}): void {
    running.splice(running.indexOf(sequence), 1);
    if (isLast) waiting.push(sequence);
    else waiting.unshift(sequence);
  }

  /** Takes the pages of a text that waits, the last one's first; false when there are none. */
  function reclaim(except: Sequence): boolean {
    const paused = waiting.findLast(sequence => sequence !== except && sequence.pages.length > 0);
    if (paused) leave(paused);
    return paused !== undefined;
  }

  /** Whether there were any. */
  function dropCancelled(): boolean {
    let hasDropped = false;
    for (const list of [waiting, running]) {
      for (let i = list.length - 1; i >= 0; i--) {
        if (!list[i].job.isCancelled) continue;
        leave(list.splice(i, 1)[0]);
        hasDropped = true;
      }
    }
    return hasDropped;
  }

  /** Pages for all tokens that it has and the next one; false when there are not so many. */
  function place(sequence: Sequence): boolean {
    const { ids } = sequence.row;
    const needed = Math.ceil((ids.length + 1) / pageSize);
    if (sequence.pages.length > 0) {
      const more = pool.take(Math.max(0, needed - sequence.pages.length));
      if (more) sequence.pages.push(...more);
      return more !== undefined;
    }
    // At least one token is read: its logits are what the next one is chosen from.
    const shared = scoresPrompt(sequence) ? [] : pool.share(rootOf(sequence), ids.slice(0, -1));
    const more = pool.take(needed - shared.length);
    if (!more) {
      pool.release(shared);
      return false;
    }
    sequence.pages = [...shared, ...more];
    sequence.past = shared.length * pageSize;
    sequence.published = shared.length;
    return true;
  }

  /** Of those in the batch whoever has the most, where giving a place to `sequence` brings the two closer. */
  const richerThan = (sequence: Sequence): Sequence | undefined => {
    const all = shares();
    return all.richest(other => all.surplus(other, sequence) > 1);
  };

  /** Whose turn is over, where all have the same and `sequence` has one place fewer. */
  const turnFor = (sequence: Sequence): Sequence | undefined => {
    const all = shares();
    return running.find(other => other.turn >= TURN && all.surplus(other, sequence) > 0);
  };

  /** Makes a place in a batch that is full for one of those that wait; undefined when none has a better right to it. */
  function yieldPlace(candidates: readonly Sequence[]): Sequence | undefined {
    for (const sequence of candidates) {
      const richer = richerThan(sequence);
      if (richer) {
        pause(richer);
        return sequence;
      }
    }
    for (const sequence of candidates) {
      const before = turnFor(sequence);
      // Pages are not taken away for a turn: reading texts anew again and again would cost more than it gives.
      if (before && place(sequence)) {
        pause(before, { isLast: true });
        return sequence;
      }
    }
    return undefined;
  }

  /** Lets texts in: first of whoever has the smallest share of the batch, who also takes places from those that have more. */
  function admit(): void {
    while (waiting.length > 0) {
      const candidates = shares().candidates(waiting);
      const sequence = running.length < maxBatch ? candidates[0] : yieldPlace(candidates);
      if (!sequence) return;
      while (!place(sequence)) {
        if (reclaim(sequence)) continue;
        const richer = richerThan(sequence);
        if (!richer) return;
        leave(richer);
        pause(richer);
      }
      waiting.splice(waiting.indexOf(sequence), 1);
      sequence.turn = 0;
      running.push(sequence);
      if (sequence.isKnown) continue;
      sequence.isKnown = true;
      counts.promptTokens += sequence.row.ids.length;
      counts.cachedTokens += sequence.past;
      if (sequence.choice.index === 0 && !scoresPrompt(sequence)) sequence.job.start(sequence.past);
    }
  }

  /** A page for the next position; where there is none, a text of whoever has the most waits and is read anew later. */
  function makeRoom(sequence: Sequence): boolean {
    if (sequence.past < sequence.pages.length * pageSize) return true;
    let page = pool.take(1);
    while (!page) {
      if (!reclaim(sequence)) {
        const victim = shares().richest()!;
        leave(victim);
        pause(victim);
        if (victim === sequence) return false;
      }
      page = pool.take(1);
    }
    sequence.pages.push(...page);
    return true;
  }

  /** What each text feeds in this step. */
  function plan(): { sequence: Sequence; input: PagedInput }[] {
    const planned: { sequence: Sequence; input: PagedInput }[] = [];
    const deadline = spentSoFar() + CONSTRAINT_STEPS;
    isPreparing = false;
    /** Whether what the next token may be is known; otherwise the text sits out this step. */
    const isPrepared = ({ job, row }: Sequence): boolean => {
      let isReady = true;
      if (row.prepare && job.request.maxTokens !== 0) {
        guarded(job, () => {
          isReady = row.prepare!(row.ids, Math.max(0, deadline - spentSoFar()));
        });
      }
      isPreparing ||= !isReady;
      return isReady && !job.isCancelled;
    };
    const leftOf = ({ row, past }: Sequence): number => row.ids.length - past;
    const reading = running.filter(sequence => leftOf(sequence) > 1);
    const demandOf = (sequence: Sequence): number =>
      Math.min(leftOf(sequence), scoresPrompt(sequence) ? SCORED_TOKENS : maxPromptTokens);
    const portions = divideFairly(maxPromptTokens, reading, { ownerOf, demandOf });
    for (const sequence of [...running]) {
      if (!running.includes(sequence)) continue;
      const { past, row } = sequence;
      const left = leftOf(sequence);
      if (left === 1) {
        if (!isPrepared(sequence)) continue;
        if (!makeRoom(sequence)) continue;
        planned.push({ sequence, input: { ids: row.ids.slice(-1), past, pages: sequence.pages, logits: 'last' } });
        continue;
      }
      const count = portions.get(sequence)!;
      if (count === 0 || (count === left && !isPrepared(sequence))) continue;
      const logits = scoresPrompt(sequence) ? 'all' : count === left ? 'last' : 'none';
      planned.push({
        sequence,
        input: { ids: row.ids.slice(past, past + count), past, pages: sequence.pages, logits },
      });
    }
    for (const { sequence } of planned) sequence.turn++;
    return planned.filter(({ sequence }) => running.includes(sequence));
  }

  function publish(sequence: Sequence): void {
    const { row, pages } = sequence;
    while ((sequence.published + 1) * pageSize <= sequence.past) {
      const i = sequence.published++;
      pool.publish(pages[i], rootOf(sequence), pages[i - 1], row.ids.slice(i * pageSize, (i + 1) * pageSize));
    }
  }

  function scorePrompt({ job, row, prompt }: Sequence, past: number, logits: readonly Float32Array[]): void {
    const alternatives = job.request.promptLogprobs!;
    if (past === 0) prompt.push(infos.describe(row.ids[0], undefined, alternatives));
    for (const [i, scores] of logits.entries()) {
      const next = row.ids[past + i + 1];
      if (next !== undefined) prompt.push(infos.describe(next, scores, alternatives));
    }
  }

  /** Chooses the next token of a text; false when it has ended. */
  function grow(sequence: Sequence, scores: Float32Array): boolean {
    const { job, row, choice } = sequence;
    const { logprobs } = job.request;
    const needsInfo = logprobs !== undefined || job.count > (job.request.n ?? 1);
    const raw = needsInfo ? scores.slice() : scores;
    row.process(row.ids, scores);
    const id = job.config.doSample ? multinomial(scores, row.random) : argmax(scores);
    const stopAfter = (_: number, token: number): 'stopString' | undefined => choice.accept(token);
    const { stop } = addToken(row, id, scores, { context: contextLength, stopAfter });
    counts.completionTokens++;
    const info = needsInfo ? infos.describe(id, raw, logprobs ?? 0) : undefined;
    job.show(choice, choice.events({ info, stop, isEos: stop === 'eos' }));
    return stop === undefined;
  }

  function take(sequence: Sequence, { ids, past }: PagedInput, logits: readonly Float32Array[]): void {
    const { job, row } = sequence;
    const isScored = scoresPrompt(sequence);
    if (isScored) scorePrompt(sequence, past, logits);
    sequence.past = past + ids.length;
    publish(sequence);
    if (sequence.past < row.ids.length) return;
    const isFirst = sequence.choice.length === 0;
    if (isScored) job.start(0, sequence.prompt);
    // The other texts find the prompt in the cache.
    if (isFirst && sequence.choice.index === 0) {
      for (let index = 1; index < job.count; index++) waiting.splice(index - 1, 0, sequenceOf(job, index));
    }
    const isOver = job.request.maxTokens === 0;
    if (isOver) job.show(sequence.choice, sequence.choice.events({ stop: 'maxLength' }));
    if (!isOver && grow(sequence, logits.at(-1)!)) return;
    leave(sequence);
    running.splice(running.indexOf(sequence), 1);
  }

  function fail(job: Job, error: unknown): void {
    job.isCancelled = true;
    onError(job, error);
  }

  function guarded(job: Job, action: () => void): void {
    try {
      action();
    } catch (error) {
      fail(job, error);
    }
  }

  return {
    add(job) {
      waiting.push(sequenceOf(job, 0));
    },
    step() {
      dropCancelled();
      admit();
      const planned = plan();
      if (planned.length === 0) return isPreparing || dropCancelled();
      counts.steps++;
      counts.batchSizes += planned.length;
      for (const adapter of new Set(planned.map(({ sequence }) => sequence.job.request.adapter))) {
        const group = planned.filter(({ sequence }) => sequence.job.request.adapter === adapter);
        try {
          const logits = withAdapter(adapter, () => paged.forward(group.map(({ input }) => input)));
          for (const [i, { sequence, input }] of group.entries()) {
            // One text that cannot go on leaves the others as they are.
            guarded(sequence.job, () => take(sequence, input, logits[i]));
          }
        } catch (error) {
          for (const { sequence } of group) fail(sequence.job, error);
        }
      }
      return true;
    },
    get queued() {
      return waiting.length;
    },
    queuedOf: ({ client }) => waiting.filter(({ job }) => job.owner.client === client).length,
    get clients() {
      return new Set([...waiting, ...running].map(({ job }) => job.owner.client)).size;
    },
    get running() {
      return running.length;
    },
    get usedTokens() {
      return (pool.total - pool.available) * pageSize;
    },
    counts,
  };
}
