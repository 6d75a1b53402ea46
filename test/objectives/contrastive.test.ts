import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contrastive, infoNCE } from '../../src/objectives/contrastive.ts';
import { readJson } from '../../src/support/files.ts';
import { embeddingDefaults } from '../../src/tasks/sentence-transformers.ts';
import { tensor, withSeed } from '../../src/torch/index.ts';
import { wholeModel } from '../../src/train/trainable.ts';
import { scratchFolder } from '../support/scratch.ts';
import { batchOf, evaluate, expectToLearn, tinyModel, tokenizers } from './helpers.ts';

const tokenizer = tokenizers.wordPiece();
const sentences = ['the river rose', 'dogs and cats are animals', 'the bridge was closed', 'it costs 999 dollars'];
const texts = sentences.map(text => ({ text }));
const triplets = [
  { anchor: 'the river rose', positive: 'the bridge was closed', negative: 'the river sat' },
  { anchor: 'dogs and cats', positive: 'animals', negative: 'dogs and dollars' },
  { anchor: 'it costs 999', positive: 'the answer, please', negative: 'it was 999' },
];
const bert = (more: object = {}) => tinyModel('bert', 'BertModel', tokenizer.vocabSize, more);

/** By the formula, in double precision. */
function byHand(anchors: number[][], candidates: number[][], temperature: number): number {
  const cosine = (a: number[], b: number[]) =>
    a.reduce((sum, x, i) => sum + x * b[i], 0) / (Math.hypot(...a) * Math.hypot(...b));
  const losses = anchors.map((a, i) => {
    const scores = candidates.map(b => cosine(a, b) / temperature);
    return Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0)) - scores[i];
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

describe('the contrastive loss', () => {
  const anchors = [
    [1, 2, 0.5],
    [-1, 0.3, 2],
  ];
  const candidates = [
    [1, 1.5, 0],
    [-2, 0.1, 1],
    [0.4, 0.4, -1],
  ];

  it('is the formula', () => {
    for (const temperature of [0.05, 1]) {
      const { loss } = infoNCE(tensor(anchors), tensor(candidates), temperature);
      expect(loss.item()).toBeCloseTo(byHand(anchors, candidates, temperature), 4);
    }
  });

  it('counts anchors that are nearest to their own', () => {
    expect(infoNCE(tensor(anchors), tensor(candidates), 1).accuracy.item()).toBe(1);
    const [a, b, other] = candidates;
    expect(infoNCE(tensor(anchors), tensor([b, a, other]), 1).accuracy.item()).toBe(0);
  });
});

describe('contrastive learning', () => {
  it('sees each sentence twice, under other dropout', () => {
    const objective = contrastive({ tokenizer, context: 16 });
    const batch = batchOf(objective, texts);
    expect(batch.inputIds.size(0)).toBe(8);
    expect(objective.counts(batch)).toEqual({ pairs: 4, accuracy: 4 });
    const loss = (dropout: number) => {
      const model = bert({ hidden_dropout_prob: dropout, attention_probs_dropout_prob: dropout }).train();
      return withSeed(1, () => objective.means(model, batch).pairs.item());
    };
    expect(loss(0.3)).not.toBe(loss(0));
  });

  it('compares with hard negatives, too', () => {
    const objective = contrastive({ tokenizer, context: 16 }, { rows: 'triplet', pooling: 'mean' });
    expect(batchOf(objective, triplets).inputIds.size(0)).toBe(9);
    expect(batchOf(objective, [triplets[0], { anchor: 'cats', positive: 'dogs' }]).inputIds.size(0)).toBe(5);
  });

  it('takes the mean over Matryoshka sizes', () => {
    const make = (matryoshka: number[]) => contrastive({ tokenizer, context: 16 }, { rows: 'triplet', matryoshka });
    const model = bert();
    const batch = batchOf(make([]), triplets);
    const [whole, both] = [make([]), make([4])].map(objective => evaluate(objective, model, batch));
    expect(both.pairs).not.toBeCloseTo(whole.pairs, 3);
    expect(evaluate(make([16]), model, batch).pairs).toBeCloseTo(whole.pairs, 5);
    expect(() => make([17]).means(model, batch)).toThrow(/17 is more than the vectors' 16/);
  });

  it.each(['mean', 'cls', 'max', 'last', 'pooler', 'first-last'] as const)('learns rows by heart: %s', pooling => {
    const objective = contrastive({ tokenizer, context: 16 }, { rows: 'triplet', pooling });
    expectToLearn(objective, bert(), triplets);
  });

  it('has a folder that says how vectors are made, as sentence-transformers reads it', () => {
    const model = tinyModel('bert', 'BertModel', tokenizer.vocabSize);
    for (const pooling of ['mean', 'cls', 'last', 'max'] as const) {
      const folder = scratchFolder();
      const { files } = contrastive({ tokenizer, context: 24, model }, { pooling });
      wholeModel(model, {}, files).save(folder);
      expect(readdirSync(folder).sort()).toEqual(
        ['1_Pooling', 'config.json', 'model.safetensors', 'modules.json', 'sentence_bert_config.json'].sort(),
      );
      expect(embeddingDefaults(folder)).toEqual({ pooling, normalize: false });
      expect(readJson(join(folder, '1_Pooling/config.json'))).toMatchObject({ word_embedding_dimension: 16 });
      expect(readJson(join(folder, 'modules.json'))).toEqual([
        { idx: 0, name: '0', path: '', type: 'sentence_transformers.models.Transformer' },
        { idx: 1, name: '1', path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
      ]);
    }
    expect(contrastive({ tokenizer, context: 24, model }, { pooling: 'pooler' }).files).toEqual({});
  });

  it('learns to tell sentences apart', () => {
    const model = bert({ hidden_dropout_prob: 0.1 });
    expectToLearn(contrastive({ tokenizer, context: 16 }), model, texts);
  });
});
