import { describe, expect, it } from 'vitest';
import {
  type AttentionInputs,
  type AttentionKind,
  type AttentionOptions,
  createAttention,
} from '../../src/nn/index.ts';
import { inferenceMode, noGrad, ones, randn, scope, type Tensor, tensor, withSeed } from '../../src/torch/index.ts';
import { expectClose } from '../torch/helpers.ts';

const [batch, time, hidden] = [2, 20, 8];
const base: AttentionOptions = { hidden, heads: 4, layout: 'separate' };

function make(kind: AttentionKind | undefined, more: Partial<AttentionOptions> = {}) {
  const attention = createAttention({ ...base, ...more, kind });
  withSeed(1, () =>
    noGrad(() =>
      scope(() => {
        for (const parameter of attention.parameters()) parameter.normal_({ std: 0.25 });
      }),
    ),
  );
  return attention.eval();
}

const x = withSeed(2, () => randn([batch, time, hidden]));
const attend = (attention: ReturnType<typeof make>, inputs: Partial<AttentionInputs> = {}): Tensor =>
  inferenceMode(() => attention.forward(x, { mask: undefined, layer: 0, ...inputs })[0]);

const kinds = {
  window: { name: 'slidingWindow', window: time },
  blocks: { name: 'blockSparse', blockSize: 4, randomBlocks: 0, maxPositions: time },
  performer: { name: 'performer', features: 8192, seed: 3 },
} satisfies Record<string, AttentionKind>;

describe('where everything is in sight, each kind is full attention', () => {
  it.each([
    ['a window over all', kinds.window, 1e-5],
    // Five blocks: the ends, the neighbours and the own one are all there are.
    ['few blocks', kinds.blocks, 1e-5],
    ['many random features', kinds.performer, 0.05],
  ] as const)('%s', (_, kind, atol) => {
    expectClose(attend(make(kind)), attend(make(undefined)), { atol });
  });

  it('of few features an estimate is a poor one', () => {
    const few = attend(make({ ...kinds.performer, features: 4 }));
    expect(
      few
        .sub(attend(make(undefined)))
        .abs()
        .amax()
        .item(),
    ).toBeGreaterThan(0.1);
  });
});

it('asks for a mask of all pairs where it reads one', () => {
  const at = (kind: AttentionKind | undefined, keys: number): boolean => make(kind).needsMask(keys);
  expect(at(undefined, 1000)).toBe(true);
  expect(at(kinds.window, 1000)).toBe(false);
  expect(at(kinds.performer, 1000)).toBe(false);
  expect([20, 21].map(keys => at(kinds.blocks, keys))).toEqual([true, false]);
});

describe('a performer', () => {
  const groups = { kvHeads: 2 };

  it('shares keys and values among the heads of a group', () => {
    const options = { causal: true, mask: 'causal' as const };
    expectClose(attend(make(kinds.performer, groups), options), attend(make(undefined, groups), options), {
      atol: 0.2,
    });
  });

  it.each([false, true])('gives the probabilities that make its result, causal: %s', causal => {
    const attention = make({ ...kinds.performer, features: 16 }, { heads: 1 });
    const mask = tensor([0, 1].map(row => Array.from({ length: time }, (_, t) => Number(row === 0 || t >= 5))));
    const [output, probabilities] = inferenceMode(() =>
      attention.forward(x, { mask: undefined, attentionMask: mask, causal, layer: 0, outputAttentions: true }),
    );
    expect(probabilities!.shape).toEqual([batch, 1, time, time]);
    expectClose(probabilities!.select(0, 0).sum(-1), ones([1, time]), { atol: 1e-5 });
    expect(probabilities!.select(0, 1).narrow(1, 5, 15).narrow(2, 0, 5).abs().amax().item()).toBeLessThan(1e-6);
    const above = probabilities!.select(0, 0).triu({ diagonal: 1 }).abs().amax().item();
    if (causal) expect(above).toBe(0);
    else expect(above).toBeGreaterThan(0.01);
    const expected = inferenceMode(() =>
      attention.output.forward(probabilities!.squeezeDim(1).matmul(attention.value!.forward(x))),
    );
    expectClose(output.select(0, 0), expected.select(0, 0), { atol: 1e-5, rtol: 1e-4 });
  });

  it('drops values while it trains', () => {
    const attention = make(kinds.performer, { dropout: 0.5 });
    const quiet = attend(attention);
    expect(attend(attention).equal(quiet)).toBe(true);
    attention.train();
    expect(attend(attention).sub(quiet).abs().amax().item()).toBeGreaterThan(0.1);
  });

  it('moves its directions to where the weights are', () => {
    const attention = make(kinds.performer);
    attend(attention);
    attention.to({ device: 'meta' });
    const [output] = attention.forward(x.to({ device: 'meta' }), { mask: undefined, layer: 0 });
    expect(output.device).toMatch(/^meta/);
  });
});
