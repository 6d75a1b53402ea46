/** The next token of a text: chosen as `generate` chooses it, described where asked for, and shown. */
import { nextToken } from '../generate/next-token.ts';
import type { Sequence } from './sequence.ts';
import type { TokenInfos } from './token-infos.ts';

/**
 * @param logits [vocab] of the model, which are changed
 * @param options.context most tokens of a text
 * @returns whether the text goes on
 */
export function grow(
  { job, row, choice }: Sequence,
  logits: Float32Array,
  { infos, context }: { infos: TokenInfos; context: number },
): boolean {
  const raw = job.needsInfo ? logits.slice() : undefined;
  const { id, stop } = nextToken(row, logits, {
    context,
    doSample: job.config.doSample,
    stopAfter: (_, token) => choice.accept(token),
  });
  const info = raw && infos.describe(id, raw, job.request.logprobs ?? 0);
  job.show(choice, choice.events({ info, stop, isEos: stop === 'eos' }));
  return stop === undefined;
}
