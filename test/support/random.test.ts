import { describe, expect, it } from 'vitest';
import { createRandom, randomFor } from '../../src/support/random.ts';

const n = 200_000;

describe('createRandom', () => {
  it('is uniform in [0, 1)', () => {
    const random = createRandom(1);
    const bins = new Array<number>(100).fill(0);
    let outside = 0;
    let [sum, squares, products, last] = [0, 0, 0, random.next()];
    for (let i = 0; i < n; i++) {
      const x = random.next();
      if (!(x >= 0 && x < 1)) outside++;
      bins[Math.floor(x * 100)]++;
      sum += x;
      squares += x * x;
      products += (x - 0.5) * (last - 0.5);
      last = x;
    }
    expect(outside).toBe(0);
    expect(Math.abs(sum / n - 1 / 2)).toBeLessThan(0.003);
    expect(Math.abs(squares / n - 1 / 3)).toBeLessThan(0.003);
    expect(Math.abs(products / n)).toBeLessThan(0.001); // neighbours are uncorrelated
    const chi2 = bins.reduce((total, count) => total + (count - n / 100) ** 2 / (n / 100), 0);
    expect(chi2).toBeGreaterThan(58); // 99 degrees of freedom: 0.05 % on each side
    expect(chi2).toBeLessThan(150);
  });

  it('has 53 bits', () => {
    const random = createRandom(2);
    const scaled = Array.from({ length: 1000 }, () => random.next() * 2 ** 53);
    expect(scaled.every(Number.isInteger)).toBe(true);
    expect(scaled.filter(x => x % 2 === 1).length).toBeGreaterThan(400);
  });

  it('draws integers below n alike', () => {
    const random = createRandom(3);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < n; i++) counts[random.below(7)]++;
    for (const count of counts) expect(Math.abs(count / n - 1 / 7)).toBeLessThan(0.005);
    expect(random.below(1)).toBe(0);
  });

  it('shuffles in place, every order alike', () => {
    const random = createRandom(4);
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const items = [1, 2, 3, 4];
      expect(random.shuffle(items)).toBe(items);
      counts.set(items.join(''), (counts.get(items.join('')) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(160);
    expect(random.shuffle(new Uint32Array([5]))).toEqual(new Uint32Array([5]));
  });

  it('follows from the seed, and goes on from a saved state', () => {
    const draws = (random: ReturnType<typeof createRandom>) => Array.from({ length: 5 }, () => random.next());
    expect(draws(createRandom(5))).toEqual(draws(createRandom(5)));
    const first = new Set(
      [0, 1, 2, 5, 2 ** 31, 2 ** 32, 2 ** 40 + 1, 2 ** 53 - 1].map(seed => createRandom(seed).next()),
    );
    expect(first.size).toBe(8);
    const random = createRandom(6);
    draws(random);
    const state = random.state();
    const expected = draws(random);
    expect(draws(createRandom(state))).toEqual(expected);
    expect(draws(createRandom(JSON.parse(JSON.stringify(state))))).toEqual(expected);
  });

  it('starts differently from neighbouring seeds', () => {
    const firsts = Array.from({ length: 2000 }, (_, seed) => createRandom(seed).next());
    const mean = firsts.reduce((sum, x) => sum + x, 0) / 2000;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.03);
    expect(new Set(firsts).size).toBe(2000);
  });
});

describe('randomFor', () => {
  const count = 20_000;
  it.each([
    ['examples', (i: number) => randomFor(7, 0, i)],
    ['held-out examples', (i: number) => randomFor(7, -1, i)],
    ['epochs', (i: number) => randomFor(7, i, 3)],
    ['seeds', (i: number) => randomFor(i, 0, 3)],
  ] as const)('gives different %s numbers that have nothing to do with each other, from the first on', (_, generatorOf) => {
    const draws = Array.from({ length: count }, (_, i) => {
      const random = generatorOf(i);
      return [random.next(), random.next(), random.next()];
    });
    for (const at of [0, 1, 2]) {
      const bins = new Array<number>(20).fill(0);
      for (const drawn of draws) bins[Math.floor(20 * drawn[at])]++;
      const chi2 = bins.reduce((total, found) => total + (found - count / 20) ** 2 / (count / 20), 0);
      expect(chi2).toBeLessThan(47); // 19 degrees of freedom: 0.05 %
      const products = draws.reduce((sum, drawn, i) => {
        const [own, next] = [drawn[at], draws[(i + 1) % count][at]];
        return sum + (own - 0.5) * (next - 0.5);
      }, 0);
      expect(Math.abs(products / count)).toBeLessThan(4 / 12 / Math.sqrt(count));
      const within = draws.reduce((sum, drawn) => sum + (drawn[at] - 0.5) * (drawn[(at + 1) % 3] - 0.5), 0);
      expect(Math.abs(within / count)).toBeLessThan(4 / 12 / Math.sqrt(count));
    }
  });
});
