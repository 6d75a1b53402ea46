/**
 * Continuous batching (Yu et al. 2022): at every step each running sequence gets a token, and what room the step has left goes to
 * prompts that are still to be read, in stretches (Agrawal et al. 2023). Texts come and go between two steps. Who takes part is
 * decided in `batch.ts`, what a step reads in `step-plan.ts`.
 */

import { spentSoFar } from '../constrain/index.ts';
import type { LogitsProcessor } from '../generate/logits-processors/index.ts';
import type { PagedInput, PagedModel } from '../generate/sessions/paged-model.ts';
import { createBatch } from './batch.ts';
import { grow } from './grow.ts';
import type { Job } from './job.ts';
import { createPace } from './pace.ts';
import { createPagePool } from './pages.ts';
import { promptScores } from './prompt-scores.ts';
import type { Owner } from './protocol.ts';
import { createSequence, type Sequence, scoresPrompt, unread } from './sequence.ts';
import { publishPages } from './sequence-pages.ts';
import { type Planned, planStep } from './step-plan.ts';
import type { TokenInfos } from './token-infos.ts';

export interface SchedulerOptions {
  paged: PagedModel;
  infos: TokenInfos;
  contextLength: number;
  /** Keeps texts UTF-8. */
  wholeCharacters?: LogitsProcessor;
  /** Most sequences decoded together. */
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

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { paged, infos, contextLength, maxPromptTokens, withAdapter, onError } = options;
  const pool = createPagePool(paged.pages, paged.pageSize);
  const batch = createBatch(pool, options.maxBatch);
  const { waiting, running } = batch;
  const pace = createPace(maxPromptTokens);
  /** Whether a text sits out because of its constraint. */
  let isPreparing = false;
  const counts = { cachedTokens: 0, promptTokens: 0, completionTokens: 0, steps: 0, batchSizes: 0 };

  const sequenceOf = (job: Job, index: number): Sequence => createSequence(job, index, options.wholeCharacters);

  function welcome(sequence: Sequence): void {
    if (sequence.isKnown) return;
    sequence.isKnown = true;
    counts.promptTokens += sequence.row.ids.length;
    counts.cachedTokens += sequence.past;
    if (sequence.choice.index === 0 && !scoresPrompt(sequence)) sequence.job.start(sequence.past);
  }

  /** Whether what the next token may be is known; otherwise the text sits out this step. */
  function isPrepared({ job, row }: Sequence, deadline: number): boolean {
    let isReady = true;
    if (row.prepare && job.request.maxTokens !== 0) {
      guarded(job, () => {
        isReady = row.prepare!(row.ids, Math.max(0, deadline - spentSoFar()));
      });
    }
    isPreparing ||= !isReady;
    return isReady && !job.isCancelled;
  }

  /** What a text makes of a step. */
  function take(sequence: Sequence, { ids, past }: PagedInput, logits: readonly Float32Array[]): void {
    const { job, row, choice } = sequence;
    const isScored = scoresPrompt(sequence);
    if (isScored) {
      const alternatives = job.request.promptLogprobs!;
      sequence.prompt.push(...promptScores(infos, row.ids, { past, logits, alternatives }));
    }
    sequence.past = past + ids.length;
    publishPages(pool, sequence);
    if (unread(sequence) > 0) return;
    const isFirst = choice.length === 0;
    if (isScored) job.start(0, sequence.prompt);
    // The other texts find the prompt in the cache.
    if (isFirst && choice.index === 0) {
      batch.addFirst(Array.from({ length: job.count - 1 }, (_, i) => sequenceOf(job, i + 1)));
    }
    let goesOn = false;
    if (job.request.maxTokens === 0) {
      job.show(choice, choice.events({ stop: 'maxLength' }));
    } else {
      goesOn = grow(sequence, logits.at(-1)!, { infos, context: contextLength });
      counts.completionTokens++;
    }
    if (!goesOn) batch.remove(sequence);
  }

  function fail(job: Job, error: unknown): void {
    job.isCancelled = true;
    onError(job, error);
  }

  /** One text that cannot go on leaves the others as they are. */
  function guarded(job: Job, action: () => void): void {
    try {
      action();
    } catch (error) {
      fail(job, error);
    }
  }

  /** One forward pass for the texts of an adapter, or of the model itself. */
  function run(group: readonly Planned[], adapter: string | undefined): void {
    try {
      const logits = withAdapter(adapter, () => paged.forward(group.map(({ input }) => input)));
      for (const [i, { sequence, input }] of group.entries()) {
        guarded(sequence.job, () => take(sequence, input, logits[i]));
      }
    } catch (error) {
      for (const { sequence } of group) fail(sequence.job, error);
    }
  }

  return {
    add: job => batch.add(sequenceOf(job, 0)),
    step() {
      batch.dropCancelled();
      batch.admit(welcome);
      const deadline = spentSoFar() + CONSTRAINT_STEPS;
      isPreparing = false;
      const room = pace.promptTokens(running.some(sequence => unread(sequence) === 1));
      const planned = planStep(batch, {
        maxPromptTokens: room,
        isPrepared: sequence => isPrepared(sequence, deadline),
      });
      if (planned.length === 0) return isPreparing || batch.dropCancelled();
      counts.steps++;
      counts.batchSizes += planned.length;
      const read = planned.reduce((sum, { input }) => sum + (input.ids.length > 1 ? input.ids.length : 0), 0);
      const start = performance.now();
      const adapterOf = ({ sequence }: Planned): string | undefined => sequence.job.request.adapter;
      for (const adapter of new Set(planned.map(adapterOf))) {
        run(
          planned.filter(one => adapterOf(one) === adapter),
          adapter,
        );
      }
      pace.took(read, performance.now() - start);
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
      return (pool.total - pool.available) * pool.pageSize;
    },
    counts,
  };
}
