import { describe, expect, it } from 'vitest';
import { sequenceClassification } from '../../src/objectives/sequence-classification.ts';
import { tokenClassification } from '../../src/objectives/token-classification.ts';
import { createRandom } from '../../src/support/random.ts';
import { batchOf, evaluate, expectToLearn, tinyModel, tokenizers } from './helpers.ts';

const tokenizer = tokenizers.wordPiece();
const random = createRandom(1);
const names = { id2label: { 0: 'water', 1: 'animals', 2: 'weather' } };
const modelOf = (task: string, more: object = names) => tinyModel('bert', `BertFor${task}`, tokenizer.vocabSize, more);
const texts = [
  { text: 'The river rose in the night.', label: 'water' },
  { text: 'Dogs and cats', pair: 'are animals', label: 1 },
  { text: 'The night was closed.', label: '2' },
];

describe('sequence classification', () => {
  it('learns the labels of texts, by name and number', () => {
    const model = modelOf('SequenceClassification');
    const objective = sequenceClassification({ tokenizer, context: 24, model });
    expect(texts.map(row => objective.example(row, random).label)).toEqual([0, 1, 2]);
    const { ids, types } = objective.example(texts[1], random);
    expect({ ids, types }).toEqual(
      (({ ids, typeIds }) => ({ ids, types: typeIds }))(tokenizer.encode('Dogs and cats', { pair: 'are animals' })),
    );
    expectToLearn(objective, model, texts);
  });

  it('smooths: (1 − ε) of the loss, and ε of the mean over labels', () => {
    const model = modelOf('SequenceClassification');
    const smoothed = sequenceClassification({ tokenizer, context: 24, model }, { labelSmoothing: 0.25 });
    const { loss, label, smoothing } = evaluate(smoothed, model, batchOf(smoothed, texts));
    // The mean over labels is that of the losses of each label in turn.
    const each = [0, 1, 2].map(
      one =>
        evaluate(
          smoothed,
          model,
          batchOf(
            smoothed,
            texts.map(row => ({ ...row, label: one })),
          ),
        ).label,
    );
    expect(smoothing).toBeCloseTo(each.reduce((a, b) => a + b) / 3, 5);
    expect(loss).toBeCloseTo(0.75 * label + 0.25 * smoothing, 5);
  });

  it('learns any of several labels, and numbers', () => {
    const several = modelOf('SequenceClassification');
    const flags = texts.map((row, i) => ({ ...row, label: [i % 2, 1, i === 2 ? 1 : 0] }));
    const objective = sequenceClassification({ tokenizer, context: 24, model: several });
    expectToLearn(objective, several, flags);
    expect(evaluate(objective, several, batchOf(objective, flags)).accuracy).toBe(1);
    const one = modelOf('SequenceClassification', { num_labels: 1 });
    const values = texts.map((row, i) => ({ ...row, label: `${i - 0.5}` }));
    expectToLearn(sequenceClassification({ tokenizer, context: 24, model: one }), one, values);
  });

  it('cuts what is too long, and refuses labels that are not there', () => {
    const model = modelOf('SequenceClassification');
    const objective = sequenceClassification({ tokenizer, context: 5, model });
    expect(objective.lengthOf(objective.example(texts[0], random))).toBe(5);
    const labelled = (label: string | number | number[]) => () => objective.example({ text: 'Dogs', label }, random);
    expect(labelled('wether')).toThrow(/label 'wether', and the model none/);
    expect(labelled(3)).toThrow(/label '3'/);
    expect(labelled([1, 0])).toThrow(/the labels \[1, 0\], and the model 3/);
  });
});

describe('token classification', () => {
  const tags = { id2label: { 0: 'O', 1: 'B', 2: 'I' } };
  const rows = [
    { tokens: ['The', 'unbelievable', 'river', 'rose'], tags: ['O', 'B', 'I', 'O'] },
    { tokens: ['Dogs', 'sat'], tags: [1, 0] },
  ];
  const model = modelOf('TokenClassification', tags);

  it('reads a word at its first token, or at all of them', () => {
    const { wordIds } = tokenizer.encode(rows[0].tokens);
    expect(wordIds.filter(word => word === 1).length).toBeGreaterThan(1);
    const first = tokenClassification({ tokenizer, context: 24, model }).example(rows[0], random).labels;
    expect(first.filter(label => label >= 0)).toEqual([0, 1, 2, 0]);
    expect([first[0], first.at(-1)]).toEqual([-100, -100]);
    const every = tokenClassification({ tokenizer, context: 24, model }, { everyToken: true });
    const all = every.example(rows[0], random).labels;
    expect(all).toEqual(wordIds.map(word => (word === null ? -100 : [0, 1, 2, 0][word])));
  });

  it('learns', () => {
    const objective = tokenClassification({ tokenizer, context: 24, model }, { labelSmoothing: 0.05 });
    expectToLearn(objective, model, rows);
  });

  it('refuses rows with more words than tags', () => {
    const objective = tokenClassification({ tokenizer, context: 24, model });
    expect(() => objective.example({ tokens: ['a', 'b'], tags: [0] }, random)).toThrow(/2 words and 1 tags/);
  });
});
