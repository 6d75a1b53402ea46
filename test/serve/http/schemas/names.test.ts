import { describe, expect, it } from 'vitest';
import { beamOptions, samplingOptions } from '../../../../src/generate/config/sampling-options.ts';
import { chatSchema } from '../../../../src/serve/http/schemas/chat.ts';
import { completionsSchema } from '../../../../src/serve/http/schemas/completions.ts';
import { REQUEST_NAMES, read, SAMPLING_NAMES, written } from '../../../../src/serve/http/schemas/names.ts';

describe('names', () => {
  it('are read and written by one table', () => {
    const names = { topP: 'top_p', n: 'n' } as const;
    expect(read({ top_p: 0.5, n: 2, other: 1 }, names)).toEqual({ topP: 0.5, n: 2 });
    expect(written({ topP: 0.5 }, names)).toEqual({ top_p: 0.5 });
  });

  it('are those that the schemas have, for every option of sampling and of beams', () => {
    expect(Object.keys(SAMPLING_NAMES).sort()).toEqual(Object.keys(samplingOptions).sort());
    const known = Object.keys(chatSchema.shape);
    for (const name of Object.values(SAMPLING_NAMES)) expect(known).toContain(name);
    for (const name of Object.values(REQUEST_NAMES))
      expect([...known, ...Object.keys(completionsSchema.shape)]).toContain(name);
  });

  it('keep what the options say of themselves', () => {
    const { top_p, min_p, repetition_penalty, num_beams } = chatSchema.shape;
    expect(top_p.unwrap().description).toBe(samplingOptions.topP.description);
    expect(min_p.unwrap().description).toBe(samplingOptions.minP.description);
    expect(num_beams.unwrap().parse(2)).toBe(2);
    expect(() => repetition_penalty.parse(0)).toThrow();
    expect(beamOptions.numBeams.parse(100)).toBe(100);
    expect(() => num_beams.parse(100)).toThrow();
  });
});
