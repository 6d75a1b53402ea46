import { describe, expect, it } from 'vitest';
import { Generator, manualSeed, ones, randn, rngState, setRngState, tensor, withSeed } from '../../src/torch/index.ts';

const draw = (): number[] => randn([5]).toNumbers();

describe('the default generator', () => {
  it('repeats itself from a seed', () => {
    manualSeed(7);
    const first = draw();
    const second = draw();
    manualSeed(7);
    expect(draw()).toEqual(first);
    expect(draw()).toEqual(second);
    manualSeed(8);
    expect(draw()).not.toEqual(first);
  });

  it('goes on from a saved state', () => {
    manualSeed(1);
    draw();
    const state = rngState();
    const expected = [draw(), draw()];
    setRngState(state);
    expect([draw(), draw()]).toEqual(expected);
    expect(() => setRngState(tensor([1]))).toThrow();
    state.dispose();
    expect(() => setRngState(state)).toThrow(/freed/);
  });

  it('is not moved by withSeed, even when that throws', () => {
    manualSeed(3);
    const expected = draw();
    manualSeed(3);
    const inside = withSeed(9, draw);
    expect(() => withSeed(9, () => randn(['x' as never]))).toThrow();
    expect(draw()).toEqual(expected);
    expect(withSeed(9, draw)).toEqual(inside);
  });

  it.each([-1, 1.5, Number.NaN, 2 ** 53])('refuses the seed %s', seed => {
    expect(() => manualSeed(seed)).toThrow(RangeError);
    expect(() => new Generator(seed)).toThrow(RangeError);
    expect(() => withSeed(seed, draw)).toThrow(RangeError);
  });

  it('draws from the standard normal distribution', () => {
    const x = withSeed(1, () => randn([100_000]));
    expect(Math.abs(x.mean().item())).toBeLessThan(0.02);
    expect(Math.abs(x.var_().item() - 1)).toBeLessThan(0.03);
  });
});

describe('a generator of one’s own', () => {
  const weights = ones([100]);
  const sample = (generator: Generator): number[] => weights.multinomial(5, { generator }).toNumbers();

  it('is independent of the default one', () => {
    using a = new Generator(5);
    using b = new Generator(5);
    manualSeed(0);
    const expected = draw();
    manualSeed(0);
    const first = sample(a);
    expect(draw()).toEqual(expected);
    expect(sample(b)).toEqual(first);
    expect(sample(a)).not.toEqual(first);
  });

  it('goes on from a saved state', () => {
    using generator = new Generator(5);
    sample(generator);
    const state = generator.state();
    const expected = sample(generator);
    using other = new Generator(6);
    other.setState(state);
    expect(sample(other)).toEqual(expected);
  });

  it('is useless once freed, and does not touch the default one', () => {
    const generator = new Generator(5);
    const state = generator.state();
    generator.dispose();
    generator.dispose();
    expect(() => generator.state()).toThrow(/freed/);
    expect(() => generator.setState(state)).toThrow(/freed/);
    expect(() => sample(generator)).toThrow(/freed/);
  });
});
