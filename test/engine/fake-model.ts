/**
 * A model that remembers nothing but the tokens in its pages, and whose next token depends on all of them: whoever is given the
 * wrong pages, or pages that were not written, goes on with another text.
 */
import { createJob, type Job } from '../../src/engine/job.ts';
import type { GenerationEvent, GenerationRequest, Owner } from '../../src/engine/protocol.ts';
import { createScheduler, type Scheduler } from '../../src/engine/scheduler.ts';
import { createSequence, type Sequence } from '../../src/engine/sequence.ts';
import { createTokenInfos } from '../../src/engine/token-infos.ts';
import { resolveGenerationConfig } from '../../src/generate/config/generation-config.ts';
import type { GenerationOptions } from '../../src/generate/config/generation-options.ts';
import type { PagedInput, PagedModel } from '../../src/generate/sessions/paged-model.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { byteTokenizer } from '../data/helpers.ts';
import { scratchFolder } from '../support/scratch.ts';

export const VOCABULARY = 257;
const folder = scratchFolder();
byteTokenizer(folder);
const tokenizer = Tokenizer.fromFile(folder);

/** A letter that follows from the whole text. */
export const nextAfter = (text: readonly number[]): number =>
  97 + (text.reduce((hash, id) => (hash * 31 + id + 7) % 100_003, 17) % 26);

/** What greedy decoding writes. */
export function continuationOf(text: readonly number[], count: number): number[] {
  const ids = [...text];
  for (let i = 0; i < count; i++) ids.push(nextAfter(ids));
  return ids.slice(text.length);
}

export interface FakeModel extends PagedModel {
  /** What each step was given. */
  readonly steps: PagedInput[][];
}

export function fakePaged(pages: number, pageSize = 4): FakeModel {
  const held: number[][] = Array.from({ length: pages }, () => []);
  const steps: PagedInput[][] = [];
  return {
    pages,
    pageSize,
    steps,
    forward(inputs) {
      steps.push([...inputs]);
      return inputs.map(input => {
        const ids = Array.from(input.ids);
        const place = (at: number): [page: number, offset: number] => [
          input.pages[Math.floor(at / pageSize)],
          at % pageSize,
        ];
        for (const [i, id] of ids.entries()) {
          const [page, offset] = place(input.past + i);
          held[page][offset] = id;
        }
        const logits = ids.map((_, i) => {
          const text = Array.from({ length: input.past + i + 1 }, (_, at) => {
            const [page, offset] = place(at);
            return held[page][offset];
          });
          return new Float32Array(VOCABULARY).fill(0).fill(5, nextAfter(text), nextAfter(text) + 1);
        });
        return input.logits === 'all' ? logits : input.logits === 'last' ? logits.slice(-1) : [];
      });
    },
    copyPage(from, to) {
      held[to] = [...held[from]];
    },
    [Symbol.dispose]() {},
  };
}

export interface FakeRequest extends Omit<GenerationRequest, 'prompt'> {
  ids: number[];
  owner?: Owner;
  options?: GenerationOptions;
  onEvents?: (events: readonly GenerationEvent[]) => void;
}

export function fakeJob({ ids, owner, options, onEvents = () => {}, ...request }: FakeRequest): Job {
  const config = resolveGenerationConfig({ maxNewTokens: request.maxTokens || 5, seed: 1, ...options }, { where: '' });
  return createJob({ prompt: { ids }, ...request }, { ids, config }, tokenizer, onEvents, { owner });
}

export const fakeSequence = (request: FakeRequest, state: Partial<Sequence> = {}): Sequence =>
  Object.assign(createSequence(fakeJob(request), 0), state);

export interface FakeScheduler extends Scheduler {
  readonly model: FakeModel;
  readonly errors: unknown[];
  /** Steps until nothing is left to do. */
  finish(): number;
}

export function fakeScheduler({ pages = 64, maxBatch = 4, maxPromptTokens = 16 } = {}): FakeScheduler {
  const model = fakePaged(pages);
  const errors: unknown[] = [];
  const scheduler = createScheduler({
    paged: model,
    infos: createTokenInfos(tokenizer),
    contextLength: 64,
    maxBatch,
    maxPromptTokens,
    withAdapter: (_, body) => body(),
    onError: (_, error) => errors.push(error),
  });
  const finish = (): number => {
    for (let steps = 0; ; steps++) {
      if (!scheduler.step()) return steps;
      if (steps > 1000) throw new Error('it does not come to an end');
    }
  };
  return Object.defineProperties(
    { model, errors, finish },
    Object.getOwnPropertyDescriptors(scheduler),
  ) as FakeScheduler;
}
