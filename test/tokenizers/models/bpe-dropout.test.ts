import { expect, it } from 'vitest';
import { Tokenizer } from '../../../src/tokenizers/tokenizer.ts';
import { both, changed, type Json } from '../pipelines.ts';

const TEXT = 'The river rose slowly through the night, and by morning the lower fields were under water.';

const withDropout = (dropout: number): Json =>
  changed('byte_bpe_gpt2', json => {
    json.model.dropout = dropout;
  });

it.each([0, 1])('a dropout of %d is certain, as in the native package', async dropout => {
  const { ours, native } = both(withDropout(dropout));
  expect(ours.encode(TEXT).ids).toEqual((await native.encode(TEXT)).getIds());
});

it('leaves merges out now and then, the same ones for each opened tokenizer', () => {
  const encodings = (): string[] => {
    const tokenizer = Tokenizer.fromJSON(withDropout(0.3));
    return Array.from({ length: 20 }, () => {
      const ids = tokenizer.encodeIds(TEXT);
      expect(tokenizer.decode(ids)).toBe(TEXT);
      return ids.join(' ');
    });
  };
  const first = encodings();
  expect(new Set(first).size).toBeGreaterThan(10);
  expect(encodings()).toEqual(first);
});
