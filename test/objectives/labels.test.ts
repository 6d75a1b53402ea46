import { describe, expect, it } from 'vitest';
import type { Rows } from '../../src/data/rows/rows.ts';
import { scoreChoices } from '../../src/evaluate/rows/choices.ts';
import { scoreTags } from '../../src/evaluate/rows/tags.ts';
import { loadCompleteModel } from '../../src/models/auto.ts';
import { type Crf, transitionsOf } from '../../src/models/crf.ts';
import { int64Of } from '../../src/objectives/batches.ts';
import { type LabelLossOptions, labelLoss } from '../../src/objectives/label-loss.ts';
import { multipleChoice } from '../../src/objectives/multiple-choice.ts';
import { sequenceClassification } from '../../src/objectives/sequence-classification.ts';
import { tokenClassification } from '../../src/objectives/token-classification.ts';
import { createRandom } from '../../src/support/random.ts';
import { classifyTokens } from '../../src/tasks/token-classification.ts';
import { scope, tensor } from '../../src/torch/index.ts';
import { wholeModel } from '../../src/train/trainable.ts';
import { scratchFolder } from '../support/scratch.ts';
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

  it('learns sequences of labels, which the model of the folder then knows', () => {
    const field = modelOf('TokenClassification', tags);
    const objective = tokenClassification({ tokenizer, context: 24, model: field }, { crf: true });
    expectToLearn(objective, field, rows);
    expect(evaluate(objective, field, batchOf(objective, rows)).accuracy).toBe(1);
    const folder = scratchFolder();
    const trained = wholeModel(field, objective.companions);
    trained.save(folder);
    tokenizer.save(folder);
    expect(trained.namedParameters().map(([name]) => trained.keyOf(name))).toContain('crf.transitions');
    using opened = loadCompleteModel(folder);
    expect(transitionsOf(opened)).toEqual((objective.companions!.crf as Crf).values());
    const { metrics } = scoreTags({ model: opened, tokenizer }, [rows[0]]);
    expect(metrics.accuracy ?? metrics.tagAccuracy).toBe(1);
    const { entities } = classifyTokens(opened, tokenizer, 'The unbelievable river rose', { ignoreLabels: [] });
    const { wordIds } = tokenizer.encode('The unbelievable river rose');
    const words = wordIds.filter(word => word !== null);
    expect(entities.map(({ label }) => label)).toEqual(words.map(word => ['O', 'B', 'I', 'O'][word]));
    // Whoever goes on begins with it.
    const again = tokenClassification({ tokenizer, context: 24, model: opened }, { crf: true });
    expect((again.companions!.crf as Crf).values()).toEqual(transitionsOf(opened));
    again.companions!.crf.dispose();
    trained.dispose();
  });

  it('refuses a field over what is no sequence of words', () => {
    const field = (options: object) => () =>
      tokenClassification({ tokenizer, context: 24, model }, { crf: true, ...options });
    expect(field({ everyToken: true })).toThrow(/'objective.crf' and 'objective.everyToken' are both given/);
    expect(field({ focal: 2 })).toThrow(/'objective.focal'/);
  });

  it('refuses rows with more words than tags', () => {
    const objective = tokenClassification({ tokenizer, context: 24, model });
    expect(() => objective.example({ tokens: ['a', 'b'], tags: [0] }, random)).toThrow(/2 words and 1 tags/);
  });
});

describe('weights of labels, and the focal loss', () => {
  const [logits, labels] = [
    [
      [2, 0.5, -1],
      [0, 1, 0.25],
      [-0.5, 0.5, 1],
      [1, 1, 1],
    ],
    [0, 2, 1, 2],
  ];
  const config = { id2label: { 0: 'water', 1: 'animals', 2: 'weather' } };
  const probabilities = logits.map(row => {
    const total = row.reduce((sum, x) => sum + Math.exp(x), 0);
    return row.map(x => Math.exp(x) / total);
  });
  const found = (options: LabelLossOptions) =>
    scope(() => {
      const loss = labelLoss(options, config);
      const targets = int64Of(labels, 'cpu');
      const means = loss.means(tensor(logits), targets);
      return {
        counts: loss.counts(targets),
        means: Object.fromEntries(Object.entries(means).map(([term, mean]) => [term, mean.item()])),
      };
    });
  const mean = (of: (p: readonly number[], label: number) => number, weight: readonly number[]): number =>
    labels.reduce((sum, label, i) => sum + of(probabilities[i], label), 0) /
    labels.reduce((sum, label) => sum + weight[label], 0);

  it('weighs as PyTorch does: the sum by the sum of the weights', () => {
    const weight = [1, 4, 0.5];
    const { counts, means } = found({ classWeights: { animals: 4, 2: 0.5 }, labelSmoothing: 0.1 });
    expect(counts).toEqual({ label: 6, accuracy: 4, smoothing: 6 });
    expect(means.label).toBeCloseTo(
      mean((p, label) => -weight[label] * Math.log(p[label]), weight),
      5,
    );
    expect(means.smoothing).toBeCloseTo(
      mean(p => p.reduce((sum, value, c) => sum - weight[c] * Math.log(value), 0) / 3, weight),
      5,
    );
  });

  it('focal: (1 − p)^γ of each', () => {
    const { counts, means } = found({ focal: 2 });
    expect(counts.label).toBe(4);
    expect(means.label).toBeCloseTo(
      mean((p, label) => -((1 - p[label]) ** 2) * Math.log(p[label]), [1, 1, 1]),
      5,
    );
    expect(found({ focal: 0 }).means.label).toBeGreaterThan(means.label);
  });

  it('learns with them, and refuses what has no meaning', () => {
    const model = modelOf('SequenceClassification');
    const options = { classWeights: { water: 3 }, focal: 1 };
    expectToLearn(sequenceClassification({ tokenizer, context: 24, model }, options), model, texts);
    expect(() => labelLoss({ focal: 1, labelSmoothing: 0.1 }, config)).toThrow(/'objective.focal' are both given/);
    expect(() => labelLoss({ classWeights: { wather: 2 } }, config)).toThrow(/label 'wather'/);
    const one = modelOf('SequenceClassification', { num_labels: 1 });
    const regression = () => sequenceClassification({ tokenizer, context: 24, model: one }, { focal: 1 });
    expect(regression).toThrow(/'objective.focal' is for labels of which exactly one fits/);
  });
});

describe('multiple choice', () => {
  const questions: Rows['choice'][] = [
    { question: 'What rose?', choices: ['the river', 'dogs', 'cats'], answer: 0 },
    { question: 'What was closed?', choices: ['night', 'the bridge'], answer: 'B' },
    {
      question: 'Who sat?',
      choices: ['mat', 'river', 'the cat'],
      answer: 'the cat',
      context: 'The cat sat on the mat.',
    },
  ];

  it('learns which, of questions with different numbers of choices', () => {
    const model = modelOf('MultipleChoice', {});
    const objective = multipleChoice({ tokenizer, context: 24 });
    expect(questions.map(row => objective.example(row, random).answer)).toEqual([0, 1, 2]);
    const { ids, types } = objective.example(questions[2], random).texts[1];
    const { ids: pairIds, typeIds } = tokenizer.encode('The cat sat on the mat.', { pair: 'Who sat? river' });
    expect({ ids, types }).toEqual({ ids: pairIds, types: typeIds });
    expectToLearn(objective, model, questions, { steps: 80 });
    expect(scoreChoices({ model, tokenizer }, questions).metrics).toMatchObject({ accuracy: 1 });
    model.dispose();
  });

  it('refuses answers that are no choice', () => {
    const objective = multipleChoice({ tokenizer, context: 24 });
    for (const answer of [3, 'D', 'a dog', '', -1]) {
      expect(() => objective.example({ ...questions[0], answer }, random)).toThrow(/answer '.*', and 3 choices/);
    }
  });
});
