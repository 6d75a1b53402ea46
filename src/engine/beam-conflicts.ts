/** What of a request does not go with beams: they draw nothing, are the best of their own, and keep no alternatives. */
import type { GenerationRequest, Sampling } from './protocol.ts';

const OF_DRAWS = ['temperature', 'topP', 'topK', 'minP', 'seed'] as const satisfies (keyof Sampling)[];

export type BeamOption = (typeof OF_DRAWS)[number] | 'n' | 'bestOf' | 'logprobs' | 'beams' | 'lengthPenalty';

export interface BeamConflict {
  /** What should not have been given, or not so. */
  option: BeamOption;
  problem: string;
  remedy?: string;
}

type Asked = Pick<GenerationRequest, 'sampling' | 'n' | 'bestOf' | 'logprobs' | 'beams' | 'lengthPenalty'>;

/**
 * The first of such conflicts, if any.
 *
 * @param nameOf how whoever asks writes an option; default as here
 */
export function beamConflict(
  { beams = 1, sampling = {}, n = 1, bestOf, logprobs = 0, lengthPenalty }: Asked,
  nameOf: (option: BeamOption) => string = option => option,
): BeamConflict | undefined {
  const name = nameOf('beams');
  if (beams === 1) {
    return lengthPenalty === undefined ? undefined : { option: 'lengthPenalty', problem: `goes with ${name} above 1` };
  }
  const drawn = OF_DRAWS.find(key => sampling[key] !== undefined);
  if (drawn) return { option: drawn, problem: 'beam search draws nothing', remedy: `leave it out, or ${name}` };
  if (bestOf !== undefined) return { option: 'bestOf', problem: 'beams are the best of their own' };
  if (logprobs > 0) return { option: 'logprobs', problem: 'beam search keeps no alternatives', remedy: 'give 0' };
  return n > beams ? { option: 'n', problem: `is more than ${name}`, remedy: `raise ${name}` } : undefined;
}
