import { describe, expect, it } from 'vitest';
import { beamConflict } from '../../src/engine/beam-conflicts.ts';
import type { GenerationRequest } from '../../src/engine/protocol.ts';

type Asked = Omit<GenerationRequest, 'prompt'>;

describe('what does not go with beams', () => {
  it.each<[Asked, string]>([
    [{ beams: 2, sampling: { temperature: 0 } }, 'temperature'],
    [{ beams: 2, sampling: { topP: 0.5 } }, 'topP'],
    [{ beams: 2, sampling: { seed: 1 } }, 'seed'],
    [{ beams: 2, bestOf: 2 }, 'bestOf'],
    [{ beams: 2, logprobs: 1 }, 'logprobs'],
    [{ beams: 2, n: 3 }, 'n'],
    [{ lengthPenalty: 1 }, 'lengthPenalty'],
    [{ beams: 1, lengthPenalty: 1 }, 'lengthPenalty'],
  ])('%j', (asked, option) => {
    expect(beamConflict(asked)?.option).toBe(option);
  });

  it.each<Asked>([
    {},
    { beams: 1, n: 3, bestOf: 4, logprobs: 2, sampling: { topP: 0.5 } },
    { beams: 2, n: 2, logprobs: 0, lengthPenalty: 2 },
    { beams: 2, sampling: { repetitionPenalty: 2, logitBias: { 3: 1 } } },
  ])('is none of %j', asked => {
    expect(beamConflict(asked)).toBeUndefined();
  });

  it('is said in the words of whoever asks', () => {
    const nameOf = (option: string): string => (option === 'beams' ? 'num_beams' : option);
    expect(beamConflict({ beams: 2, n: 3 }, nameOf)).toEqual({
      option: 'n',
      problem: 'is more than num_beams',
      remedy: 'raise num_beams',
    });
  });
});
