/** Products with weights that are packed once: the same bits as those that pack each time, whatever the batch. */
import { describe, expect, it } from 'vitest';
import { inferenceMode, manualSeed, randn, type Tensor } from '../../src/torch/index.ts';
import {
  type FusedActivation,
  hasProducts,
  linearProduct,
  packedLinear,
  packWeight,
  reference,
} from '../../src/torch/products.ts';

const bf16 = (...shape: number[]): Tensor => randn(shape).to('bfloat16');
const differences = (a: Tensor, b: Tensor): number => a.to('float32').sub(b.to('float32')).abs().amax().item();

describe.skipIf(!hasProducts())('packed linear maps', () => {
  it.each([
    [33, 64, 96],
    [40, 50, 70],
    [9, 2080, 33],
    [64, 31, 1],
  ])('%i rows, %i → %i: the bits of a product that packs its weight', (rows, inside, outside) => {
    manualSeed(1);
    const [x, weight, bias] = [bf16(rows, inside), randn([outside, inside]), randn([outside])];
    const residual = randn([rows, outside]);
    const packed = packWeight(weight);
    expect(differences(packedLinear(x, packed, outside, { bias }), linearProduct(x, weight, { bias }))).toBe(0);
    const added = packedLinear(x, packed, outside, { bias, residual });
    expect(added.dtype).toBe('float32');
    expect(differences(added, linearProduct(x, weight, { bias, residual }))).toBe(0);
  });

  it("a row's result does not depend on its neighbours", () => {
    manualSeed(2);
    const [x, weight] = [bf16(70, 300), bf16(100, 300)];
    const packed = packWeight(weight);
    const whole = packedLinear(x, packed, 100);
    for (const [first, count] of [
      [0, 1],
      [5, 8],
      [33, 17],
      [60, 10],
    ]) {
      expect(differences(packedLinear(x.narrow(0, first, count), packed, 100), whole.narrow(0, first, count))).toBe(0);
    }
  });

  it.each<FusedActivation>(['gelu_tanh', 'gelu', 'silu', 'relu'])('%s, with a gate and without', activation => {
    manualSeed(3);
    const [x, weight, bias, gate] = [bf16(2, 5, 64), bf16(40, 64), randn([40]), bf16(2, 5, 40)];
    const packed = packWeight(weight);
    const h = reference.linear(x.to('float32'), weight, { bias }).to('bfloat16').to('float32');
    const f = { gelu_tanh: h.gelu({ approximate: 'tanh' }), gelu: h.gelu(), silu: h.silu(), relu: h.relu() }[
      activation
    ];
    const plain = packedLinear(x, packed, 40, { bias, activation });
    expect(differences(plain, f)).toBeLessThan(2 ** -6 * f.abs().amax().item());
    const g = gate.to('float32');
    const opened = { gelu_tanh: g.gelu({ approximate: 'tanh' }), gelu: g.gelu(), silu: g.silu(), relu: g.relu() }[
      activation
    ];
    const gated = opened.mul(h);
    const actual = packedLinear(x, packed, 40, { bias, activation, gate });
    expect(actual.shape).toEqual([2, 5, 40]);
    expect(differences(actual, gated)).toBeLessThan(2 ** -6 * gated.abs().amax().item());
  });

  it('refuses what does not fit', () => {
    inferenceMode(() => {
      const packed = packWeight(bf16(40, 64));
      expect(() => packedLinear(bf16(3, 80), packed, 40)).toThrow('a map from 80 to 40');
      expect(() => packedLinear(bf16(3, 64), packed, 70)).toThrow('a map from 64 to 70');
      expect(() => packedLinear(randn([3, 64]), packed, 40)).toThrow('takes bfloat16');
      expect(() => packedLinear(bf16(3, 64), packed, 40, { bias: randn([41]) })).toThrow('a bias of 40');
      expect(() => packedLinear(bf16(3, 64), packed, 40, { gate: bf16(3, 40) })).toThrow('with an activation');
      const residual = randn([3, 40]);
      expect(() => packedLinear(bf16(3, 64), packed, 40, { residual: residual.narrow(0, 0, 2) })).toThrow('residual');
    });
  });
});
