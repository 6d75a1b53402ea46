import { describe, expect, it } from 'vitest';
import { embed } from '../../src/models/pooling.ts';
import { randn, tensor, withSeed } from '../../src/torch/index.ts';
import { expectClose } from '../torch/helpers.ts';
import { int64 } from './golden.ts';

const lastHiddenState = withSeed(1, () => randn([3, 4, 5]));
const states = lastHiddenState.toArray() as number[][][];
// Padding on the right, on the left, and none.
const masks = [
  [1, 1, 0, 0],
  [0, 1, 1, 1],
  [1, 1, 1, 1],
];
const tokens = states.map((text, i) => text.filter((_, t) => masks[i][t] === 1));
const columns = (text: number[][]) => text[0].map((_, j) => text.map(row => row[j]));

const expected = {
  mean: tokens.map(text => columns(text).map(column => column.reduce((a, b) => a + b) / column.length)),
  max: tokens.map(text => columns(text).map(column => Math.max(...column))),
  cls: tokens.map(([first]) => first),
  last: tokens.map(text => text.at(-1)!),
};

describe('text embeddings', () => {
  it.each(Object.entries(expected))('by %s', (pooling, vectors) => {
    const options = { pooling: pooling as keyof typeof expected };
    const mask = int64(masks);
    expectClose(embed({ lastHiddenState }, mask, options), tensor(vectors));
    const unit = vectors.map(v => v.map(x => x / Math.hypot(...v)));
    expectClose(embed({ lastHiddenState }, mask, { ...options, normalize: true }), tensor(unit));
    // Without a mask every token counts.
    const whole = embed({ lastHiddenState: lastHiddenState.narrow(0, 2, 1) }, undefined, options);
    expectClose(whole, tensor([vectors[2]]));
  });

  it('are means as they are, unless told otherwise', () => {
    expectClose(embed({ lastHiddenState }, int64(masks)), tensor(expected.mean));
  });

  it('of nothing are zero, not NaN', () => {
    const nothing = embed({ lastHiddenState }, int64(masks.map(row => row.map(() => 0))), { normalize: true });
    expect(nothing.abs().sum().item()).toBe(0);
  });
});
