import { describe, expect, it } from 'vitest';
import { createPace } from '../../src/engine/pace.ts';

describe('the tokens of prompts in a step', () => {
  it('are as many as there may be until something is known, and while nobody waits', () => {
    const pace = createPace(256);
    expect([pace.promptTokens(true), pace.promptTokens(false)]).toEqual([256, 256]);
    pace.took(256, 1000);
    expect(pace.promptTokens(false)).toBe(256);
  });

  it('keep a step near 40 ms where others wait', () => {
    const pace = createPace(256);
    for (let i = 0; i < 20; i++) pace.took(256, 128); // half a millisecond a token
    expect(pace.promptTokens(true)).toBe(80);
    for (let i = 0; i < 40; i++) pace.took(80, 8);
    expect(pace.promptTokens(true)).toBe(256);
  });

  it('are never so few that a step is mostly weights', () => {
    const pace = createPace(256);
    for (let i = 0; i < 20; i++) pace.took(32, 3200);
    expect(pace.promptTokens(true)).toBe(32);
    pace.took(1, 50);
    expect(pace.promptTokens(true)).toBe(32);
    expect(createPace(16).promptTokens(true)).toBe(16);
  });
});
