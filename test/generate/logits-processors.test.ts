/** What no recorded case has; the recorded ones are compared in verify.test.ts. */
import { describe, expect, it } from 'vitest';
import { resolveGenerationConfig } from '../../src/generate/config/generation-config.ts';
import type { GenerationOptions } from '../../src/generate/config/generation-options.ts';
import { logitsProcessorsFor } from '../../src/generate/config/logits-processors-for.ts';
import * as processors from '../../src/generate/logits-processors/index.ts';

const row = (...values: number[]): Float32Array => Float32Array.from(values);

describe('processors that the fixture does not have', () => {
  it('presence and frequency penalties count generated tokens only', () => {
    const logits = row(1, 2, 3, 4);
    processors.presencePenalty(0.5, { promptLength: 2 })([3, 3, 1, 1, 2], logits);
    expect([...logits]).toEqual([1, 1.5, 2.5, 4]);
    processors.frequencyPenalty(0.5, { promptLength: 2 })([3, 3, 1, 1, 2], logits);
    expect([...logits]).toEqual([1, 0.5, 2, 4]);
  });

  it('prefixAllowed keeps only what is allowed, and asks for at least one token', () => {
    const logits = row(1, 2, 3, 4);
    processors.prefixAllowed(ids => [ids[0], 3])([1], logits);
    expect([...logits]).toEqual([-Infinity, 2, -Infinity, 4]);
    expect(() => processors.prefixAllowed(() => [])([1], logits)).toThrow(/no token is allowed/);
  });

  it('infNanRemove makes every logit finite', () => {
    const logits = row(Number.NaN, Infinity, -Infinity, 1);
    processors.infNanRemove()([], logits);
    expect([...logits]).toEqual([0, 3.4028234663852886e38, -3.4028234663852886e38, 1]);
  });

  it('exponentialDecayLength leaves a forbidden end forbidden', () => {
    const logits = row(1, -Infinity);
    processors.exponentialDecayLength([0, 1.5], [1], 0)([0, 0], logits);
    expect([...logits]).toEqual([1, -Infinity]);
  });

  it('topP cuts through tokens that are equal at the edge', () => {
    const logits = row(0, 1, 0, 0, 0);
    const options: GenerationOptions = { doSample: true, topK: 0, topP: 0.7 };
    // e / (e + 4) = 0.40, then 0.15 for each zero: two of them reach 0.7.
    processors.processorChain(logitsProcessorsFor(resolveGenerationConfig(options), { promptLength: 0 }))([], logits);
    expect([...logits]).toEqual([-Infinity, 1, -Infinity, 0, 0]);
  });
});
