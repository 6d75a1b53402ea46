import { describe, expect, it } from 'vitest';
import { divide, divideFairly, sharesOf } from '../../src/engine/shares.ts';
import { createTurns } from '../../src/engine/turns.ts';

/** `a1x`: of client a, in its request 1. */
const ownerOf = (name: string) => ({ client: name[0], request: name[1] });

describe('shares of places', () => {
  it('the next place is for the client with the fewest, in its request with the fewest', () => {
    const shares = sharesOf(['a1', 'a1', 'a2', 'b1'], ownerOf);
    expect(shares.candidates(['a1x', 'a2x', 'a2y', 'b1x', 'c1x', 'c1y'])).toEqual(['c1x', 'b1x', 'a2x']);
  });

  it('the last one in of the request that has the most gives its place', () => {
    const shares = sharesOf(['a1', 'b1', 'a2p', 'a2q', 'b2'], ownerOf);
    expect(shares.richest()).toBe('a2q');
    expect(shares.richest(name => name[0] === 'b')).toBe('b2');
  });

  it('clients are compared by what they have, requests within one client', () => {
    const shares = sharesOf(['a1', 'a1', 'a2', 'b1'], ownerOf);
    expect(shares.surplus('a1', 'b1')).toBe(2);
    expect(shares.surplus('a1', 'a2')).toBe(1);
    expect(shares.surplus('a1', 'c1')).toBe(3);
  });
});

describe('divide', () => {
  it('gives nobody more than it asks for, and the rest to the others', () => {
    expect(divide(10, [2, 20, 20])).toEqual([2, 4, 4]);
    expect(divide(100, [2, 20, 3])).toEqual([2, 20, 3]);
    expect(divide(2, [5, 5, 5])).toEqual([1, 1, 0]);
    expect(divide(7, [])).toEqual([]);
  });

  it('divides among clients, then requests, then in order', () => {
    const demandOf = (name: string): number => (name === 'b1' ? 3 : 100);
    const parts = divideFairly(33, ['a1', 'a2x', 'a2y', 'b1'], { ownerOf, demandOf });
    expect([...parts.values()].reduce((a, b) => a + b)).toBe(33);
    expect(Object.fromEntries(parts)).toEqual({ a1: 15, a2x: 15, a2y: 0, b1: 3 });
  });
});

describe('turns', () => {
  it('go round clients, and the requests of each', () => {
    const turns = createTurns<string>();
    for (const name of ['a1p', 'a1q', 'a1r', 'a2p', 'b1p']) turns.push(name, ownerOf(name));
    turns.remove(name => name === 'a1q');
    expect(turns.length).toBe(4);
    const order = Array.from({ length: 4 }, () => turns.shift()!.item);
    expect(order).toEqual(['a1p', 'b1p', 'a2p', 'a1r']);
    expect([turns.length, turns.shift()]).toEqual([0, undefined]);
  });

  it('what is not done goes on at the next turn of its request', () => {
    const turns = createTurns<string>();
    for (const name of ['a1p', 'a1q', 'b1p']) turns.push(name, ownerOf(name));
    const { item, owner } = turns.shift()!;
    turns.unshift(item, owner);
    expect(Array.from({ length: 3 }, () => turns.shift()!.item)).toEqual(['b1p', 'a1p', 'a1q']);
  });
});
