import { describe, expect, it } from 'vitest';
import type { Rows } from '../../src/data/rows/rows.ts';
import { drawSentenceOrder } from '../../src/objectives/pairs.ts';
import { nextSentence, sentenceOrder } from '../../src/objectives/sentence-pair.ts';
import { createRandom } from '../../src/support/random.ts';
import { batchOf, evaluate, expectToLearn, tinyModel, tokenizers, train } from './helpers.ts';

const tokenizer = tokenizers.wordPiece();
const documentOf = (texts: readonly string[], index: number): Rows['document'] => ({
  sentences: texts.map(text => Uint16Array.from(tokenizer.encodeIds(text))),
  index,
});
const rows = [
  documentOf(['the river rose in the night', 'the bridge was closed', 'and the cat sat'], 0),
  documentOf(['dogs and cats are animals', 'it costs 999 dollars'], 1),
  documentOf(['explain the answer, please'], 2),
];
const documents = { length: rows.length, row: (index: number) => rows[index] };
const context = { tokenizer, context: 40, documents };
const bert = () => tinyModel('bert', 'BertForPreTraining', tokenizer.vocabSize);

describe('next-sentence prediction', () => {
  it('has two segments that fit, and masks in both', () => {
    const objective = nextSentence({ ...context, context: 16 }, { probability: 0.3 });
    const random = createRandom(1);
    for (let i = 0; i < 300; i++) {
      const { inputIds, types, labels, label } = objective.example(rows[i % 3], random);
      expect(inputIds.length).toBeLessThanOrEqual(16);
      expect(types.length).toBe(inputIds.length);
      expect(labels[0]).toBe(-100);
      // A document of one sentence has nothing that follows.
      if (i % 3 === 2) expect(label).toBe(1);
    }
  });

  it('is short one time in ten', () => {
    const long = documentOf(new Array(40).fill('the river rose in the night'), 0);
    const objective = nextSentence(context, { probability: 0 });
    const random = createRandom(2);
    const lengths = Array.from({ length: 2000 }, () => objective.example(long, random).inputIds.length);
    // The whole context where nothing is cut short and the other document goes on long enough.
    const whole = Array.from({ length: 2000 }, () => sentenceOrder(context, { probability: 0 }).example(long, random));
    expect(Math.max(...lengths)).toBe(40);
    const short = whole.filter(({ inputIds }) => inputIds.length < 40).length / 2000;
    expect(Math.abs(short - 0.1)).toBeLessThan(0.03);
  });

  it('needs other documents', () => {
    expect(() => nextSentence({ tokenizer, context: 40 })).toThrow(/two documents/);
    expect(() => nextSentence({ ...context, documents: { ...documents, length: 1 } })).toThrow(/two documents/);
  });

  it('learns rows by heart', () => {
    expectToLearn(nextSentence(context), bert(), rows);
    const alone = nextSentence(context, { probability: 0 });
    expect(alone.tasks).toContain('nextSentence');
    expect(alone.counts(batchOf(alone, rows))).toMatchObject({ words: 0, pair: 3 });
  });

  it('trains the head for pairs alone, without masks', () => {
    const objective = nextSentence(context, { probability: 0 });
    const model = tinyModel('bert', 'BertForNextSentencePrediction', tokenizer.vocabSize);
    const batch = batchOf(objective, rows);
    expect(Object.keys(objective.means(model, batch))).not.toContain('words');
  });
});

describe('sentence order', () => {
  it('cuts a lone sentence in two', () => {
    const sentence = [11, 12, 13, 14, 15];
    for (let seed = 0; seed < 20; seed++) {
      const { a, b, label } = drawSentenceOrder([sentence], 40, createRandom(seed));
      expect(a.length).toBeGreaterThan(0);
      expect(b.length).toBeGreaterThan(0);
      expect(label === 0 ? [...a, ...b] : [...b, ...a]).toEqual(sentence);
    }
  });

  it.each(['sentenceOrder', 'nextSentence'] as const)('is not told by lengths, nor by what was cut off: %s', name => {
    // Documents that nobody has seen, of sentences of all lengths; each begins with one token and ends with another.
    const random = createRandom(4);
    const fresh = (index: number) => ({
      index,
      sentences: Array.from({ length: 12 }, () => Uint16Array.from([10, ...new Array(random.below(30)).fill(11), 12])),
    });
    const from = { tokenizer, context: 40, documents: { length: 8, row: fresh } };
    const make = name === 'sentenceOrder' ? sentenceOrder : nextSentence;
    const objective = make(from, { probability: 0, shortShare: 0 });
    const counts = new Map<string, [number, number]>();
    for (let i = 0; i < 16_000; i++) {
      const { inputIds, types, label } = objective.example(fresh(i % 8), random);
      const [a, b] = [0, 1].map(type => Array.from(inputIds).filter((id, t) => types[t] === type && id >= 10));
      const ends = [a[0], a.at(-1), b[0], b.at(-1)].join();
      for (const seen of [`${a.length - b.length}`, ends]) {
        const both = counts.get(seen) ?? [0, 0];
        both[label]++;
        counts.set(seen, both);
      }
    }
    for (const [seen, [first, second]] of counts) {
      const total = first + second;
      if (total > 150) expect(Math.abs(first / total - 0.5), seen).toBeLessThan(4 / (2 * Math.sqrt(total)));
    }
  });

  it('learns rows by heart', () => {
    expectToLearn(sentenceOrder(context), tinyModel('albert', 'AlbertForPreTraining', tokenizer.vocabSize), rows);
    expectToLearn(sentenceOrder(context, { unit: 'span' }), bert(), rows);
  });
});

describe('documents that were not seen before', () => {
  const random = createRandom(6);
  const draw = (token: (sentence: number) => number, index: number): Rows['document'] => ({
    index,
    sentences: Array.from({ length: 4 }, (_, sentence) =>
      Uint16Array.from({ length: 4 + random.below(4) }, () => token(sentence) + random.below(10)),
    ),
  });
  const model = () =>
    tinyModel('bert', 'BertForPreTraining', tokenizer.vocabSize, { hidden_size: 32, num_hidden_layers: 2 });
  const accuracy = (
    objective: ReturnType<typeof sentenceOrder>,
    trained: ReturnType<typeof model>,
    row: (index: number) => Rows['document'],
  ) =>
    evaluate(
      objective,
      trained,
      batchOf(
        objective,
        Array.from({ length: 200 }, (_, i) => row(i % 64)),
      ),
    ).pairAccuracy;

  it('have an order that is learned from what their sentences say', () => {
    const row = (index: number) => draw(sentence => 10 + 10 * sentence, index);
    const objective = sentenceOrder({ tokenizer, context: 24 }, { probability: 0.1 });
    const trained = model();
    train(objective, trained, () => row(0), { steps: 100, lr: 0.005 });
    expect(accuracy(objective, trained, row)).toBeGreaterThan(0.75);
  });

  it('have topics by which what follows is told from another document', () => {
    const row = (index: number) => draw(() => 10 + 20 * (index % 8), index);
    const from = { tokenizer, context: 24, documents: { length: 64, row } };
    const objective = nextSentence(from, { probability: 0.1 });
    const trained = model();
    train(objective, trained, () => row(random.below(64)), { steps: 300, lr: 0.004 });
    // One other document in nine has the same topic.
    expect(accuracy(objective, trained, row)).toBeGreaterThan(0.7);
  });
});
