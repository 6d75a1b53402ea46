/** A model at work in this thread: requests come in, steps are made while there is something to do, and answers go out. */

import { type ConstraintCompiler, compilerInThread } from '../constrain/index.ts';
import { generationDefaults } from '../generate/config/model-defaults.ts';
import { canPage, pagedModel } from '../generate/sessions/paged-model.ts';
import { vocabSizeOf } from '../generate/vocabulary-size.ts';
import { wholeCharacters } from '../generate/whole-characters.ts';
import type { Model } from '../models/model.ts';
import { UserError } from '../support/errors.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { memoryStats } from '../torch/memory.ts';
import type { Adapters } from './adapters.ts';
import { type CacheBudget, cacheBudget, constraintBudget } from './budget.ts';
import { createConstraints, type Lease } from './constraints.ts';
import { createJob, type Job } from './job.ts';
import { createPreparation, type PreparedRequest } from './prepare.ts';
import type { EngineStats, GenerationEvent, GenerationRequest, Owner } from './protocol.ts';
import { createScheduler } from './scheduler.ts';
import { NOBODY, sharesOf } from './shares.ts';
import { sideJob } from './side-job.ts';
import { createTokenInfos } from './token-infos.ts';

export interface EngineLimits {
  /** Requests that may wait. Default 256. */
  maxQueue?: number;
  /** Sequences decoded together. Default 32. */
  maxBatch?: number;
  /** Bytes for keys and values. Default a quarter of what is free. */
  memory?: number;
  /** Tokens of prompt and answer together, fewer than the model's own. */
  maxContext?: number;
  /** Objects have no properties that their schema does not mention. Default false, as in the standard. */
  strictObjects?: boolean;
  /** Tokens of prompts that a step reads: more is faster, fewer keep the others' steps short. Default 256. */
  maxPromptTokens?: number;
}

export interface EngineParts {
  /** Where constraints are compiled. Default in this thread, so that requests need not wait for it. */
  compiler?: ConstraintCompiler;
  /** Called when there is something to do after `step` had nothing. */
  wake?: () => void;
}

export interface LocalEngine extends Disposable {
  readonly contextLength: number;
  /** Absent where requests do not go in pages. */
  readonly budget: CacheBudget | undefined;
  /**
   * Takes a request on; what comes of it goes to `send`, and `fail` says that nothing more will.
   *
   * @returns what ends the work
   * @throws UserError for a request that cannot be done, or when the queue is full
   */
  submit(
    request: GenerationRequest,
    send: (events: readonly GenerationEvent[]) => void,
    fail: (error: unknown) => void,
    owner?: Owner,
  ): () => void;
  /** One step of everything under way; false when there is nothing to do. */
  step(): boolean;
  /** Whether any sequence is being decoded. */
  readonly isGenerating: boolean;
  stats(): EngineStats;
}

interface SideJob {
  job: Job;
  steps: Generator<void, void>;
  fail: (error: unknown) => void;
  isBegun: boolean;
}

/** Requests beside the batch that take turns. */
const MOST_SIDE_JOBS = 4;
const STEPS_BETWEEN_TRIMS = 64;

/** @param folder of the model, for its generation_config.json */
export function createLocalEngine(
  model: Model,
  tokenizer: Tokenizer,
  folder: string,
  adapters: Adapters,
  {
    maxQueue = 256,
    maxBatch = 32,
    memory,
    maxContext,
    maxPromptTokens = 256,
    strictObjects = false,
  }: EngineLimits = {},
  { compiler = compilerInThread(tokenizer), wake = () => {} }: EngineParts = {},
): LocalEngine {
  const contextLength = Math.min(model.maxPositions, maxContext ?? Number.POSITIVE_INFINITY);
  const isGenerative = model.task === 'causalLM' || model.task === 'seq2seqLM';
  const isPaged = canPage(model);
  const budget = isPaged ? cacheBudget(model, { memory, maxBatch, contextLength }) : undefined;
  const paged = budget && pagedModel(model, budget);
  const infos = createTokenInfos(tokenizer);
  const fails = new Map<Job, (error: unknown) => void>();
  const side: SideJob[] = [];
  let sideTokens = 0;
  /** Requests whose constraint is being compiled. */
  let compiling = 0;
  const constraints = createConstraints(compiler, { maxBytes: constraintBudget(memory), strictObjects });
  const prepare = createPreparation({
    tokenizer,
    defaults: generationDefaults(folder, tokenizer),
    contextLength,
    answersApart: model.task === 'seq2seqLM',
    modelConfig: model.config,
    vocabularySize: Math.min(vocabSizeOf(model.backbone), tokenizer.vocabSize),
  });
  const scheduler =
    paged &&
    createScheduler({
      paged,
      infos,
      contextLength,
      wholeCharacters: wholeCharacters(tokenizer),
      maxBatch,
      maxPromptTokens,
      withAdapter: adapters.run,
      onError: (job, error) => fails.get(job)?.(error),
    });

  const queued = (): number => (scheduler?.queued ?? 0) + side.filter(({ isBegun }) => !isBegun).length + compiling;

  /** The queue's places are shared as the batch's are: when it is full, whoever has less than its share may still come. */
  function isFull(owner: Owner): boolean {
    if (queued() < maxQueue) return false;
    const waitingAside = side.filter(({ isBegun }) => !isBegun);
    const clients = Math.max(1, scheduler?.clients ?? 0, new Set(side.map(({ job }) => job.owner.client)).size);
    const own =
      (scheduler?.queuedOf(owner) ?? 0) + waitingAside.filter(({ job }) => job.owner.client === owner.client).length;
    return queued() >= 2 * maxQueue || own >= Math.floor(maxQueue / clients);
  }

  /** Those that take turns: when one is over, the next comes from whoever has the fewest. */
  function begun(): SideJob[] {
    const isBegun = (one: SideJob): boolean => one.isBegun;
    for (;;) {
      const now = side.filter(isBegun);
      const [next] = sharesOf(now, ({ job }) => job.owner).candidates(side.filter(one => !one.isBegun));
      if (!next || now.length >= MOST_SIDE_JOBS) return now;
      next.isBegun = true;
    }
  }

  function stepSideJobs(): boolean {
    for (const current of begun()) {
      const { job, steps, fail } = current;
      const leave = (): void => {
        steps.return();
        side.splice(side.indexOf(current), 1);
        sideTokens += job.choices.reduce((sum, { length }) => sum + length, 0);
      };
      try {
        if (job.isCancelled || adapters.run(job.request.adapter, () => steps.next()).done) leave();
      } catch (error) {
        leave();
        fail(error);
      }
    }
    return side.length > 0;
  }

  let steps = 0;

  function start(
    request: GenerationRequest,
    prepared: PreparedRequest,
    send: (events: readonly GenerationEvent[]) => void,
    fail: (error: unknown) => void,
    owner: Owner,
  ): () => void {
    const isBatched = scheduler !== undefined && prepared.config.numBeams === 1;
    const passOn = (events: readonly GenerationEvent[]): void => {
      if (!job.isCancelled) send(events);
      if (job.isDone) fails.delete(job);
    };
    const job = createJob(request, prepared, tokenizer, passOn, {
      owner,
      root: adapters.contentOf(request.adapter),
      pageSize: isBatched ? budget?.pageSize : undefined,
    });
    if (isBatched) {
      fails.set(job, fail);
      scheduler.add(job);
    } else {
      side.push({ job, steps: sideJob(model, tokenizer, job, infos), fail, isBegun: false });
      begun();
    }
    return () => {
      job.isCancelled = true;
      fails.delete(job);
    };
  }

  return {
    contextLength,
    budget,
    submit(request, send, fail, owner = NOBODY) {
      if (!isGenerative) throw notGenerative(model);
      adapters.require(request.adapter);
      if (isFull(owner)) throw overloaded(maxQueue);
      const prepared = prepare(request);
      const isPagedJob = scheduler && prepared.config.numBeams === 1;
      if (!isPagedJob && request.promptLogprobs !== undefined) throw noPromptLogprobs(model);
      if (!request.constraint) return start(request, prepared, send, fail, owner);

      let isCancelled = false;
      let cancel = (): void => {};
      const begin = ({ constraint, release }: Lease): void => {
        if (isCancelled) {
          release();
          return;
        }
        const stop = start(
          request,
          { ...prepared, constraint },
          events => {
            if (events.at(-1)?.type === 'end') release();
            send(events);
          },
          error => {
            release();
            fail(error);
          },
          owner,
        );
        cancel = () => {
          release();
          stop();
        };
      };
      const lease = constraints.acquire(request.constraint, prepared.config.eosTokenId, () => !isCancelled);
      if (lease instanceof Promise) {
        compiling++;
        lease
          .then(begin)
          .catch(error => {
            if (!isCancelled) fail(error);
          })
          .finally(() => {
            compiling--;
            wake();
          });
      } else begin(lease);
      return () => {
        isCancelled = true;
        cancel();
      };
    },
    step() {
      if (++steps % STEPS_BETWEEN_TRIMS === 0) constraints.trim();
      const stepped = scheduler?.step() ?? false;
      return stepSideJobs() || stepped;
    },
    get isGenerating() {
      return (scheduler?.running ?? 0) + side.length > 0;
    },
    stats() {
      const counts = scheduler?.counts;
      return {
        queued: queued(),
        running: (scheduler?.running ?? 0) + side.filter(({ isBegun }) => isBegun).length,
        cacheUsedTokens: scheduler?.usedTokens ?? 0,
        cacheTokens: budget ? budget.pages * budget.pageSize : 0,
        cachedTokens: counts?.cachedTokens ?? 0,
        promptTokens: counts?.promptTokens ?? 0,
        completionTokens: (counts?.completionTokens ?? 0) + sideTokens,
        steps: counts?.steps ?? 0,
        batchSizes: counts?.batchSizes ?? 0,
        tensorBytes: memoryStats().liveBytes,
        constraintBytes: constraints.bytes,
      };
    },
    [Symbol.dispose]() {
      for (const { steps } of side) steps.return();
      paged?.[Symbol.dispose]();
      compiler[Symbol.dispose]();
    },
  };
}

const overloaded = (maxQueue: number): UserError =>
  new UserError('TSLM_OVERLOADED', `${maxQueue} requests are waiting already`, { hint: 'try again in a moment' });

const notGenerative = ({ task, family }: Model): UserError =>
  new UserError('TSLM_NOT_ABLE', `this ${family.modelType} model (${task}) does not generate text`, {
    hint: 'name a model that does; /v1/models says what each can be asked for',
  });

const noPromptLogprobs = ({ family }: Model): UserError =>
  new UserError('TSLM_NOT_ABLE', `the prompt's log-probabilities cannot be had of this ${family.modelType} request`, {
    hint: 'ask a decoder, without beams',
  });
