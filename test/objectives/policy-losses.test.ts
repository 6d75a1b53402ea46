/** Policy gradients on numbers that can be worked out by hand. */
import { describe, expect, it } from 'vitest';
import { advantagesOf, type PolicyOptions, policyLoss, rlooLoss } from '../../src/objectives/policy-losses.ts';
import { backward, scope, tensor } from '../../src/torch/index.ts';

/** Two answers of two tokens and of one. */
const mask = [
  [1, 1],
  [1, 0],
];
function loss(policy: number[][], advantages: number[], options: PolicyOptions, old?: number[][]) {
  return scope(() => {
    const own = tensor(policy);
    own.requiresGrad = true;
    const scores = { policy: own, old: old && tensor(old), mask: tensor(mask), advantages: tensor(advantages) };
    const value = policyLoss(scores, options);
    backward(value);
    return { value: value.item(), gradient: Array.from(own.grad!.toNumbers() as ArrayLike<number>) };
  });
}

describe('the loss', () => {
  const policy = [
    [-1, -2],
    [-3, 0],
  ];

  it('of answers just sampled is the advantage, with its own mean', () => {
    const by = (name: PolicyOptions['loss'], more = {}) => loss(policy, [1, -2], { loss: name, ...more });
    expect(by('grpo').value).toBeCloseTo(0.5); // (−1 + 2) / 2
    expect(by('grpo').gradient).toEqual([-0.25, -0.25, 1, 0].map(value => expect.closeTo(value, 6)));
    expect(by('bnpo').value).toBeCloseTo(0); // (−1 − 1 + 2) / 3
    expect(by('dr_grpo', { maxLength: 4 }).gradient).toEqual(
      [-1 / 8, -1 / 8, 2 / 8, 0].map(value => expect.closeTo(value, 6)),
    );
    expect(by('dapo', { items: 6 }).gradient).toEqual(
      [-1 / 6, -1 / 6, 2 / 6, 0].map(value => expect.closeTo(value, 6)),
    );
  });

  it('has no gradient where a ratio is clipped', () => {
    const old = [
      [-2, -2],
      [-2, 0],
    ];
    // Ratios e, 1 and 1 / e: the first is above for a good answer, the last below for a bad one.
    const { gradient } = loss(policy, [1, -1], { loss: 'grpo', epsilon: 0.2 }, old);
    expect(gradient).toEqual([0, -0.25, 0, 0].map(value => expect.closeTo(value, 6)));
  });

  it('of RLOO takes one ratio for an answer', () => {
    const value = scope(() => rlooLoss(tensor([-1, -2]), tensor([-1, -2]), tensor([1, 3])).item());
    expect(value).toBeCloseTo(-2);
  });
});

describe('advantages', () => {
  it('are differences to the mean of the group, by its spread', () => {
    const [a, b, c, d] = advantagesOf([[1, 3, 5, 5]], { group: 2 });
    expect([a, b, c, d]).toEqual([-1, 1, 0, 0].map(value => expect.closeTo(value / (Math.SQRT2 + 1e-4), 6)));
    expect(advantagesOf([[1, 3, 5, 5]], { group: 2, scale: 'none' })).toEqual([-1, 1, 0, 0]);
  });

  it('leave out what no function has an opinion on', () => {
    expect(advantagesOf([[1, null, 3]], { group: 3, scale: 'none' })).toEqual([-1, 0, 1]);
    expect(
      advantagesOf(
        [
          [1, null, 3],
          [2, 2, 2],
        ],
        { group: 3, scale: 'none', weights: [1, 0.5] },
      ),
    ).toEqual([expect.closeTo(2 - 7 / 3), expect.closeTo(1 - 7 / 3), expect.closeTo(4 - 7 / 3)]);
  });
});
