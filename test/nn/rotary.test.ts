import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { rotaryFrom, rotaryOf } from '../../src/models/config/rope.ts';
import { ropeConfig, ropeParameters } from '../../src/models/config/rope-parameters.ts';
import { type Rotary, rotaryAngles, rotate } from '../../src/nn/index.ts';
import { UserError } from '../../src/support/errors.ts';
import { parseOptions } from '../../src/support/schema.ts';
import { withWarnings } from '../../src/support/warnings.ts';
import { scope, tensor } from '../../src/torch/index.ts';
import { ropeCases } from '../helpers/rope.ts';

const schema = z.strictObject({ ...ropeConfig, max_position_embeddings: z.int().default(16) });
const rotary = (config: Record<string, unknown>, headDim = 8): Rotary =>
  rotaryOf(parseOptions(schema, config, 'config.json'), headDim);

const hints = (config: Record<string, unknown>, headDim?: number): string => {
  try {
    rotary(config, headDim);
  } catch (error) {
    return `${(error as Error).message} ${error instanceof UserError ? (error.hint ?? '') : ''}`;
  }
  throw new Error('accepted');
};

function expectFrequencies(actual: Rotary, length: number, expected: readonly number[]): void {
  const frequencies = actual.inverseFrequencies(length);
  expect(actual.dim).toBe(2 * expected.length);
  expect(frequencies).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) {
    expect(Math.abs(frequencies[i] - value), `pair ${i}`).toBeLessThan(1e-6 * value);
  }
}

describe('frequencies of every kind', () => {
  it.each(ropeCases)('$name', ({ length, rope_parameters, inverse_frequencies, attention_factor }) => {
    for (const key of ['rope_parameters', 'rope_scaling']) {
      const made = rotary({ [key]: rope_parameters });
      expectFrequencies(made, length, inverse_frequencies);
      expect(made.attentionFactor ?? 1).toBeCloseTo(attention_factor, 12);
    }
  });

  it('the style of Transformers 4 says the same', () => {
    const old = rotary({ rope_theta: 500_000, rope_scaling: { type: 'linear', factor: 4 } });
    const now = rotary({ rope_parameters: { rope_type: 'linear', rope_theta: 500_000, factor: 4 } });
    expect(old.inverseFrequencies(1)).toEqual(now.inverseFrequencies(1));
    expect(old.inverseFrequencies(1)[1]).toBeCloseTo(500_000 ** -0.25 / 4, 8);
  });

  it('sequences of pretraining are as long as max_position_embeddings says where nothing else does', () => {
    const parameters = { rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4 };
    const stated = rotary({ rope_parameters: { ...parameters, original_max_position_embeddings: 300 } });
    const implied = rotary({ rope_parameters: parameters, max_position_embeddings: 300 });
    expect(implied.inverseFrequencies(1)).toEqual(stated.inverseFrequencies(1));
  });
});

describe('a part of each head', () => {
  const partial = (parameters: Record<string, unknown>, headDim: number, share?: number): Rotary =>
    rotaryFrom(parseOptions(ropeParameters({ partial: true }), parameters, 'config.json'), {
      headDim,
      maxPositions: 16,
      partial: share,
    });

  it('turns the first elements', () => {
    expectFrequencies(partial({ partial_rotary_factor: 0.5 }, 8), 1, [1, 0.01]);
    expectFrequencies(partial({}, 8, 0.5), 1, [1, 0.01]);
    // 0.75 · 10 = 7 elements make four pairs.
    expectFrequencies(
      partial({ partial_rotary_factor: 0.75 }, 10),
      1,
      [0, 2, 4, 6].map(i => 10_000 ** (-i / 7)),
    );
  });

  it('leaves the rest as it is', () => {
    scope(() => {
      const x = tensor([[[[1, 2, 3, 4, 5, 6, 7, 8]]]]); // [1, 1, 1, 8]
      const angles = rotaryAngles(partial({ partial_rotary_factor: 0.5 }, 8), tensor([[3]], { dtype: 'int64' }), 4);
      const turn = (a: number, b: number, angle: number) => [
        a * Math.cos(angle) - b * Math.sin(angle),
        b * Math.cos(angle) + a * Math.sin(angle),
      ];
      const [x0, x2] = turn(1, 3, 3);
      const [x1, x3] = turn(2, 4, 0.03);
      const expected = [x0, x1, x2, x3, 5, 6, 7, 8];
      for (const [i, value] of rotate(x, angles).toNumbers().entries()) expect(value).toBeCloseTo(expected[i], 5);
    });
  });
});

describe('what is not known', () => {
  it('names the kind', () => {
    expect(hints({ rope_scaling: { type: 'spiral', factor: 2 } })).toMatch(
      /config\.json: 'rope_scaling': rope type 'spiral' is not supported; supported here: default, linear/,
    );
  });

  it('names a key that the kind does not have', () => {
    const warnings: string[] = [];
    withWarnings(
      message => warnings.push(message),
      () => {
        rotary({ rope_parameters: { rope_type: 'linear', factr: 2, factor: 2 } });
        rotary({ rope_parameters: { rope_type: 'default', factor: 2 } });
      },
    );
    expect(warnings).toEqual([
      expect.stringMatching(/rope type 'linear' has no key 'factr'.*'factor'/),
      expect.stringContaining("no key 'factor'"),
    ]);
  });

  it.each([
    ['linear', {}, 'factor'],
    ['dynamic', {}, 'factor'],
    ['yarn', {}, 'factor'],
    ['longrope', { short_factor: [1, 1, 1, 1] }, 'long_factor'],
    ['llama3', { factor: 8, low_freq_factor: 1 }, 'high_freq_factor'],
  ])('names the key that %s lacks', (rope_type, given, missing) => {
    expect(hints({ rope_scaling: { rope_type, ...given } })).toMatch(
      new RegExp(`config\\.json: 'rope_scaling\\.${missing}' is missing`),
    );
  });

  it('names a value that cannot be', () => {
    expect(hints({ rope_scaling: { type: 'linear', factor: -1 } })).toContain("'rope_scaling.factor'");
    expect(hints({ rope_scaling: { type: 'longrope', short_factor: [1], long_factor: [1, 1, 1, 1] } })).toMatch(
      /short_factor must have 4 numbers/,
    );
    expect(hints({}, 7)).toMatch(/head_dim must be even, and is 7/);
    expect(hints({ rope_parameters: { partial_rotary_factor: 0.5 } })).toContain(
      'rope_parameters.partial_rotary_factor',
    );
    expect(hints({ partial_rotary_factor: 0.5 })).toContain('partial_rotary_factor');
  });
});
