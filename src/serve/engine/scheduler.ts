/**
 * Continuous batching (Yu et al. 2022): at every step each growing text gets a token, and what room the step has left goes to
 * prompts that are still to be read, in stretches (Agrawal et al. 2023). Texts come and go between two steps.
 */
import type { PagedInput, PagedModel } from '../../generate/paged-model.ts';
import { addToken, createRows, type Row } from '../../generate/rows.ts';
import { argmax, multinomial } from '../../generate/sampling.ts';
import { spentSoFar } from '../../generate/structured/index.ts';
import type { TokenInfo } from '../protocol.ts';
import type { Choice } from './choice.ts';
import type { Job } from './job.ts';
import { createPagePool } from './pages.ts';
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
}

export interface SchedulerOptions {
  paged: PagedModel;
  infos: TokenInfos;
  contextLength: number;
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
    const [row] = createRows([{ ids, padding: 0 }], own, { constraint });
    return { job, choice: job.choices[index], row, past: 0, pages: [], published: 0, prompt: [] };
  }

  const rootOf = ({ job }: Sequence): string => job.request.adapter ?? '';
  const scoresPrompt = ({ job, choice }: Sequence): boolean =>
    job.request.promptLogprobs !== undefined && choice.index === 0 && !job.hasStarted;

  function leave(sequence: Sequence): void {
    pool.release(sequence.pages);
    sequence.pages = [];
    sequence.past = 0;
    sequence.published = 0;
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

  /** Lets texts in while there is room, in their order. */
  function admit(): void {
    while (waiting.length > 0 && running.length < maxBatch) {
      const sequence = waiting[0];
      const { ids } = sequence.row;
      // At least one token is read: its logits are what the next one is chosen from.
      const shared = scoresPrompt(sequence) ? [] : pool.share(rootOf(sequence), ids.slice(0, -1));
      const more = pool.take(Math.ceil((ids.length + 1) / pageSize) - shared.length);
      if (!more) {
        pool.release(shared);
        return;
      }
      waiting.shift();
      sequence.pages = [...shared, ...more];
      sequence.past = shared.length * pageSize;
      sequence.published = shared.length;
      running.push(sequence);
      if (sequence.choice.length > 0) continue; // it was here before
      counts.promptTokens += ids.length;
      counts.cachedTokens += sequence.past;
      if (sequence.choice.index === 0 && !scoresPrompt(sequence)) sequence.job.start(sequence.past);
    }
  }

  /** A page for the next position; where there is none, the youngest text waits and is read anew later. */
  function makeRoom(sequence: Sequence): boolean {
    if (sequence.past < sequence.pages.length * pageSize) return true;
    let page = pool.take(1);
    while (!page) {
      const youngest = running.pop()!;
      leave(youngest);
      waiting.unshift(youngest);
      if (youngest === sequence) return false;
      page = pool.take(1);
    }
    sequence.pages.push(...page);
    return true;
  }

  /** What each text feeds in this step. */
  function plan(): { sequence: Sequence; input: PagedInput }[] {
    const planned: { sequence: Sequence; input: PagedInput }[] = [];
    let room = maxPromptTokens;
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
    for (const sequence of [...running]) {
      if (!running.includes(sequence)) continue;
      const { past, row } = sequence;
      const left = row.ids.length - past;
      if (left === 1) {
        if (!isPrepared(sequence)) continue;
        if (!makeRoom(sequence)) continue;
        planned.push({ sequence, input: { ids: row.ids.slice(-1), past, pages: sequence.pages, logits: 'last' } });
        continue;
      }
      const isScored = scoresPrompt(sequence);
      const count = Math.min(left, room, isScored ? SCORED_TOKENS : room);
      if (count === 0 || (count === left && !isPrepared(sequence))) continue;
      room -= count;
      const logits = isScored ? 'all' : count === left ? 'last' : 'none';
      planned.push({
        sequence,
        input: { ids: row.ids.slice(past, past + count), past, pages: sequence.pages, logits },
      });
    }
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
    get running() {
      return running.length;
    },
    get usedTokens() {
      return (pool.total - pool.available) * pageSize;
    },
    counts,
  };
}
