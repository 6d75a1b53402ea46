/**
 * Requests that do not go in pages: beam search, encoder–decoders, and decoders whose attention remembers otherwise. Each is
 * `generate` by itself, a step at a time, beside the batch.
 */
import { generate } from '../generate/generate.ts';
import { holdsStopString } from '../generate/text-stream.ts';
import { wholeCharacters } from '../generate/whole-characters.ts';
import type { Model } from '../models/model.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import type { Job } from './job.ts';
import type { TokenInfo } from './protocol.ts';
import { CONSTRAINT_STEPS } from './scheduler.ts';
import type { TokenInfos } from './token-infos.ts';

/** Yields after each step; leaving it early frees everything. */
export function* sideJob(model: Model, tokenizer: Tokenizer, job: Job, infos: TokenInfos): Generator<void, void> {
  const { request, config, constraint, ids, needsInfo } = job;
  const { logprobs } = request;
  const raw: (Float32Array | undefined)[] = [];
  const accept = (row: number, id: number): 'stopString' | undefined => job.choices[row].accept(id);
  const isComplete = (generated: readonly number[]): boolean =>
    holdsStopString(tokenizer, generated, config.stopStrings);
  const steps = generate(
    model,
    [ids],
    { ...config, numReturnSequences: job.count },
    {
      constraint,
      wholeCharacters: wholeCharacters(tokenizer),
      constraintSteps: CONSTRAINT_STEPS,
      stopAfter: accept,
      ...(config.stopStrings.length > 0 && { isComplete }),
      logProbs: needsInfo,
      ...(needsInfo && config.numBeams === 1 && { onLogits: (row, logits) => (raw[row] = logits.slice()) }),
    },
  );
  job.start(0);
  for (const tokens of steps) {
    for (const { row, id, stop, logProb } of tokens) {
      const choice = job.choices[row];
      let info: TokenInfo | undefined;
      if (needsInfo) {
        info = raw[row]
          ? infos.describe(id, raw[row], logprobs ?? 0)
          : { id, ...infos.text(id), logprob: logProb ?? null };
      }
      job.show(choice, choice.events({ info, stop, isEos: stop === 'eos' }));
    }
    yield;
  }
}
