import { describe, expect, it } from 'vitest';
import { MultipleChoiceHead } from '../../../src/models/heads/multiple-choice.ts';
import {
  SequenceClassificationHead,
  type SequenceClassifierOptions,
} from '../../../src/models/heads/sequence-classification.ts';
import { eye, noGrad, ones, randn, type Tensor, withSeed } from '../../../src/torch/index.ts';
import { expectClose } from '../../torch/helpers.ts';

const hidden = 64;
const states = ones([8, 3, hidden]);

/** A head whose layers hand on what they get, so that its result shows what was dropped. */
function transparent(options: Omit<SequenceClassifierOptions, 'hidden' | 'labels'>): SequenceClassificationHead {
  const head = new SequenceClassificationHead({ hidden, labels: hidden, ...options });
  noGrad(() => {
    for (const layer of [head.dense, head.classifier]) {
      layer?.weight.copy_(eye(hidden));
      layer?.bias?.zero_();
    }
  });
  return head.train();
}

const valuesOf = (x: Tensor) => [...new Set([...x.toNumbers()].map(value => Number(value.toFixed(3))))].sort();
const logitsOf = (head: SequenceClassificationHead) =>
  noGrad(() =>
    withSeed(1, () => head.forward({ lastHiddenState: states, poolerOutput: states.select(1, 0) }, {}).logits!),
  );

describe('dropout', () => {
  it('comes before the classifier', () => {
    expect(valuesOf(logitsOf(transparent({ from: 'pooler', dropout: 0.5 })))).toEqual([0, 2]);
    expect(valuesOf(logitsOf(transparent({ from: 'first', dropout: 0.5, dense: { activation: 'relu' } })))).toEqual([
      0, 2,
    ]);
  });

  it('comes before the dense layer as well where asked for', () => {
    const head = transparent({ from: 'first', dropout: 0.5, dense: { activation: 'relu', dropoutBefore: true } });
    expect(valuesOf(logitsOf(head))).toEqual([0, 4]);
    expect(valuesOf(logitsOf(head.eval() as SequenceClassificationHead))).toEqual([1]);
  });
});

describe('what a head reads', () => {
  it('is the pooler’s state or the first position’s', () => {
    const lastHiddenState = withSeed(1, () => randn([2, 3, hidden]));
    const poolerOutput = withSeed(2, () => randn([2, hidden]));
    const read = (from: 'pooler' | 'first') =>
      noGrad(() => transparent({ from }).forward({ lastHiddenState, poolerOutput }, {}).logits!);
    expectClose(read('first'), lastHiddenState.select(1, 0));
    expectClose(read('pooler'), poolerOutput);
  });

  it('is one row a choice', () => {
    const head = new MultipleChoiceHead({ hidden, from: 'pooler' });
    const inputIds = ones([2, 4, 3], { dtype: 'int64' });
    const seen = head.backboneInputs({ inputIds, attentionMask: inputIds, outputHiddenStates: true });
    expect([seen.inputIds?.shape, seen.attentionMask?.shape, seen.tokenTypeIds]).toEqual([[8, 3], [8, 3], undefined]);
    expect(seen.outputHiddenStates).toBe(true);
  });
});
