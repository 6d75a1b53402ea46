import { describe, expect, it } from 'vitest';
import { areRelations, relationF1 } from '../../../src/evaluate/metrics/relation-f1.ts';

describe('relationF1', () => {
  it('takes both directions of a type for one class, a wrong direction for wrong, and leaves Other out', () => {
    const truth = ['A-B(e1,e2)', 'A-B(e2,e1)', 'C-D(e1,e2)', 'Other', 'Other'];
    const predicted = ['A-B(e1,e2)', 'A-B(e1,e2)', 'Other', 'C-D(e1,e2)', 'Other'];
    // A-B: one of two found right, one of two that are there; C-D: none.
    expect(relationF1(truth, predicted)).toBeCloseTo((0.5 + 0) / 2, 12);
  });

  it('is for labels that are relations or Other', () => {
    expect(areRelations(['Other', 'Cause-Effect(e2,e1)'])).toBe(true);
    expect(areRelations(['Other', 'good'])).toBe(false);
    expect(areRelations(['Other'])).toBe(false);
  });
});
