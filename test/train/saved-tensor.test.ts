/** A checkpoint that lacks a tensor, or has it in another shape, is an error with a code and not a crash of libtorch. */
import { describe, expect, it } from 'vitest';
import { tensor } from '../../src/torch/index.ts';
import { savedTensor } from '../../src/train/saved-tensor.ts';
import { errorOf } from '../data/helpers.ts';

describe('what a checkpoint has kept', () => {
  const kept = tensor([1, 2]);
  const saved = new Map([['w.exp_avg', kept]]);

  it('is given back where it fits', () => {
    expect(savedTensor(saved, 'w.exp_avg', tensor([0, 0]))).toBe(kept);
    expect(savedTensor(saved, 'w.exp_avg')).toBe(kept);
  });

  it('is refused where it is not there, or fits nothing', async () => {
    const damaged = { code: 'TSLM_DAMAGED_CHECKPOINT' };
    const gone = await errorOf(() => savedTensor(saved, 'w.exp_avg_sq', kept));
    expect(gone).toMatchObject({ ...damaged, message: expect.stringContaining("'w.exp_avg_sq' is not there") });
    const other = await errorOf(() => savedTensor(saved, 'w.exp_avg', tensor([0, 0, 0])));
    expect(other).toMatchObject({ ...damaged, message: expect.stringContaining('has the shape [2]') });
  });
});
