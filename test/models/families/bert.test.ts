import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFromConfig, createModel, loadCompleteModel, loadModel, saveModel } from '../../../src/models/auto.ts';
import type { Encoder } from '../../../src/models/encoder.ts';
import { type Tensor, tensor } from '../../../src/torch/index.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { expectClose } from '../../torch/helpers.ts';
import { int64 } from '../golden.ts';
import { keysOf, randomModel, rename, run, saved } from './helpers.ts';
import { add, bertStates, crossEntropy, dot, gelu, layerNorm, linear, mean, softmax, weightsOf } from './naive.ts';

const scratch = scratchFolder();
const heads = 2;
const layers = 2;
const sizes = {
  model_type: 'bert',
  vocab_size: 20,
  hidden_size: 8,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  intermediate_size: 12,
  max_position_embeddings: 10,
};
const bert = (name: string, more: object = {}) =>
  randomModel({ ...sizes, architectures: [`Bert${name}`], ...more } as Record<string, unknown>);

const ids = [
  [3, 5, 7, 11, 2],
  [4, 6, 19, 0, 0],
];
const masks = [
  [1, 1, 1, 1, 1],
  [1, 1, 1, 0, 0],
];
const types = [
  [0, 0, 1, 1, 1],
  [0, 1, 1, 0, 0],
];
const inputs = { inputIds: int64(ids), attentionMask: int64(masks), tokenTypeIds: int64(types) };
const tolerance = { atol: 2e-5, rtol: 1e-4 };

const close = (actual: Tensor | undefined, expected: number | number[] | number[][] | number[][][], name?: string) =>
  expectClose(actual!, tensor(expected), { ...tolerance, name });

/** What BERT makes of the texts above, and its pooler of the first positions. */
function naive(model: ReturnType<typeof bert>) {
  const w = weightsOf(model);
  const prefix = model.task === 'backbone' ? '' : 'bert.';
  const states = ids.map((row, i) => bertStates(w, prefix, row, { heads, layers, mask: masks[i], types: types[i] }));
  const pooled = () => states.map(([first]) => linear(w, `${prefix}pooler.dense`, first).map(Math.tanh));
  return { w, states, pooled };
}

describe('the encoder', () => {
  const model = bert('Model');
  it('computes what BERT does, and pools the first position', () => {
    const { states, pooled } = naive(model);
    const output = run(model, { ...inputs, outputHiddenStates: true });
    // Padding is computed, too, and attends to the same tokens.
    close(output.lastHiddenState, states);
    close(output.poolerOutput, pooled());
    expect(output.hiddenStates).toHaveLength(layers + 1);
  });

  it('takes word vectors in place of ids, and positions', () => {
    const { lastHiddenState } = run(model, inputs);
    const { inputIds, ...rest } = inputs;
    const inputsEmbeds = (model.backbone as Encoder).embeddings.word.forward(inputIds).detach();
    expectClose(run(model, { ...rest, inputsEmbeds }).lastHiddenState, lastHiddenState);
    const w = weightsOf(model);
    const positions = [9, 3, 0, 1, 4];
    const moved = run(model, { inputIds: int64([ids[0]]), positionIds: int64([positions]) });
    close(moved.lastHiddenState, [bertStates(w, '', ids[0], { heads, layers, positions })]);
  });

  it('has pooler only where Hugging Face’s class has one', () => {
    for (const name of [
      'Model',
      'ForPreTraining',
      'ForSequenceClassification',
      'ForMultipleChoice',
      'ForNextSentencePrediction',
    ]) {
      expect(
        keysOf(bert(name)).filter(key => key.includes('pooler')),
        name,
      ).toHaveLength(2);
    }
    for (const name of ['ForMaskedLM', 'ForTokenClassification', 'ForQuestionAnswering']) {
      expect(
        keysOf(bert(name)).filter(key => key.includes('pooler')),
        name,
      ).toHaveLength(0);
    }
  });

  it('refuses what does not fit', () => {
    expect(() => run(model, { inputIds: int64([Array(11).fill(1)]) })).toThrow(/11 tokens do not fit/);
  });
});

describe('sequence classification', () => {
  const logitsOf = (model: ReturnType<typeof bert>) => {
    const { w, pooled } = naive(model);
    return pooled().map(row => linear(w, 'classifier', row));
  };

  it('of one label is regression', () => {
    const model = bert('ForSequenceClassification', { num_labels: 1 });
    const logits = logitsOf(model);
    const labels = [0.5, -2];
    const output = run(model, { ...inputs, labels: tensor(labels) });
    close(output.logits, logits);
    close(output.loss, mean(logits.map(([x], i) => (x - labels[i]) ** 2)));
    // Whole numbers are numbers as well.
    const whole = run(model, { ...inputs, labels: int64([[3], [-1]]).view([2]) });
    close(whole.loss, mean(logits.map(([x], i) => (x - [3, -1][i]) ** 2)));
  });

  it('may be regression of several numbers', () => {
    const model = bert('ForSequenceClassification', { num_labels: 2, problem_type: 'regression' });
    const logits = logitsOf(model);
    const labels = [
      [1, -1],
      [0.25, 2],
    ];
    const { loss } = run(model, { ...inputs, labels: tensor(labels) });
    close(loss, mean(logits.flatMap((row, i) => row.map((x, j) => (x - labels[i][j]) ** 2))));
  });

  it('of whole numbers is one of several', () => {
    const model = bert('ForSequenceClassification', { id2label: { 0: 'a', 1: 'b', 2: 'c' } });
    const logits = logitsOf(model);
    const { logits: actual, loss } = run(model, { ...inputs, labels: int64([[2], [0]]).view([2]) });
    close(actual, logits);
    close(loss, mean([crossEntropy(logits[0], 2), crossEntropy(logits[1], 0)]));
  });

  it.each([
    [
      'of fractions is any of several',
      {},
      tensor([
        [1, 0, 1],
        [0, 0, 1],
      ]),
    ],
    [
      'may be any of several by its configuration',
      { problem_type: 'multi_label_classification' },
      int64([
        [1, 0, 1],
        [0, 0, 1],
      ]),
    ],
  ])('%s', (_, more, labels) => {
    const model = bert('ForSequenceClassification', { num_labels: 3, ...more });
    const chances = logitsOf(model).map(row => row.map(x => 1 / (1 + Math.exp(-x))));
    const wanted = labels.toArray() as number[][];
    const { loss } = run(model, { ...inputs, labels });
    close(loss, mean(chances.flatMap((row, i) => row.map((p, j) => -Math.log(wanted[i][j] ? p : 1 - p)))));
  });
});

describe('other heads', () => {
  it('choose among continuations', () => {
    const model = bert('ForMultipleChoice');
    const { w, pooled } = naive(model);
    const scores = pooled().map(row => linear(w, 'classifier', row)[0]);
    // The two texts are the two choices of one question.
    const choices = {
      inputIds: inputs.inputIds.unsqueeze(0),
      attentionMask: inputs.attentionMask.unsqueeze(0),
      tokenTypeIds: inputs.tokenTypeIds.unsqueeze(0),
      labels: int64([[1]]).view([1]),
    };
    const { logits, loss } = run(model, choices);
    close(logits, [scores]);
    close(loss, crossEntropy(scores, 1));
    const twice = Object.fromEntries(
      Object.entries(choices).map(([key, x]) => [key, x.expand([2, ...x.shape.slice(1)])]),
    );
    close(run(model, twice).logits, [scores, scores]);
  });

  it('tell whether a sentence follows', () => {
    const model = bert('ForNextSentencePrediction');
    const { w, pooled } = naive(model);
    const expected = pooled().map(row => linear(w, 'cls.seq_relationship', row));
    const { logits, loss } = run(model, { ...inputs, labels: int64([[1], [0]]).view([2]) });
    close(logits, expected);
    close(loss, mean([crossEntropy(expected[0], 1), crossEntropy(expected[1], 0)]));
  });

  it('guess masked words, alone and in pre-training', () => {
    const labels = [
      [-100, 5, -100, -100, 1],
      [0, -100, -100, -100, -100],
    ];
    const model = bert('ForPreTraining');
    const { w, states, pooled } = naive(model);
    const words = w.matrix('bert.embeddings.word_embeddings.weight');
    const bias = w.vector('cls.predictions.bias');
    const logits = states.map(text =>
      text.map(x => {
        const transformed = linear(w, 'cls.predictions.transform.dense', x).map(gelu);
        const normed = layerNorm(w, 'cls.predictions.transform.LayerNorm', transformed);
        return words.map((word, id) => dot(word, normed) + bias[id]);
      }),
    );
    const wordLoss = mean([
      crossEntropy(logits[0][1], 5),
      crossEntropy(logits[0][4], 1),
      crossEntropy(logits[1][0], 0),
    ]);
    const pairs = pooled().map(row => linear(w, 'cls.seq_relationship', row));
    const pairLoss = mean([crossEntropy(pairs[0], 0), crossEntropy(pairs[1], 1)]);
    const nextSentenceLabel = int64([[0], [1]]).view([2]);
    const output = run(model, { ...inputs, labels: int64(labels), nextSentenceLabel });
    close(output.predictionLogits, logits);
    close(output.seqRelationshipLogits, pairs);
    close(output.loss, wordLoss + pairLoss);
    // Both kinds of labels or no loss, as in Hugging Face.
    expect(run(model, { ...inputs, labels: int64(labels) }).loss).toBeUndefined();

    const folder = saved(join(scratch, 'pretraining'), model);
    const alone = loadModel(folder, { task: 'maskedLM' });
    expect(alone.missing).toEqual([]);
    expect(alone.unexpected.sort()).toEqual([
      'bert.pooler.dense.bias',
      'bert.pooler.dense.weight',
      'cls.seq_relationship.bias',
      'cls.seq_relationship.weight',
    ]);
    const masked = run(alone.model, { ...inputs, labels: int64(labels) });
    close(masked.logits, logits);
    close(masked.loss, wordLoss);
  });

  it('mark tokens and spans', () => {
    const tokens = bert('ForTokenClassification', { num_labels: 3 });
    const marked = naive(tokens);
    const logits = marked.states.map(text => text.map(x => linear(marked.w, 'classifier', x)));
    close(run(tokens, inputs).logits, logits);

    const span = bert('ForQuestionAnswering');
    const { w, states } = naive(span);
    const both = states.map(text => text.map(x => linear(w, 'qa_outputs', x)));
    const [starts, ends] = [0, 1].map(side => both.map(text => text.map(x => x[side])));
    // An answer beyond the text does not count.
    const answers = { startPositions: int64([[1], [0]]).view([2]), endPositions: int64([[3], [8]]).view([2]) };
    const output = run(span, { ...inputs, ...answers });
    close(output.startLogits, starts);
    close(output.endLogits, ends);
    const startLoss = mean([crossEntropy(starts[0], 1), crossEntropy(starts[1], 0)]);
    close(output.loss, (startLoss + crossEntropy(ends[0], 3)) / 2);
  });
});

describe('checkpoints', () => {
  const logitsOf = (folder: string) => run(loadCompleteModel(folder), inputs).logits!;

  it('come back as they were, for every class', () => {
    for (const name of ['ForMaskedLM', 'ForSequenceClassification', 'ForMultipleChoice', 'Model']) {
      const model = bert(name);
      const folder = join(scratch, `round-${name}`);
      saveModel(folder, model);
      const { model: again, missing, unexpected } = loadModel(folder);
      expect([missing, unexpected], name).toEqual([[], []]);
      expect(again.task).toBe(model.task);
      expect(keysOf(again)).toEqual(keysOf(model));
    }
  });

  it('may have the names of old', () => {
    const model = bert('ForMaskedLM');
    const expected = run(model, inputs).logits!;
    const old = saved(join(scratch, 'gamma'), model, tensors => {
      rename(tensors, /LayerNorm\.weight/, 'LayerNorm.gamma');
      rename(tensors, /LayerNorm\.bias/, 'LayerNorm.beta');
      tensors.set('bert.embeddings.position_ids', int64([[0, 1]]));
    });
    expect(loadModel(old).unexpected).toEqual([]);
    expectClose(logitsOf(old), expected);
    const other = saved(join(scratch, 'bias'), model, tensors =>
      rename(tensors, 'cls.predictions.bias', 'cls.predictions.decoder.bias'),
    );
    expectClose(logitsOf(other), expected);
  });

  it('may hold the tied matrix and its bias twice', () => {
    const model = bert('ForMaskedLM');
    const folder = saved(join(scratch, 'twice'), model, tensors => {
      tensors.set('cls.predictions.decoder.weight', tensors.get('bert.embeddings.word_embeddings.weight')!.mul(1));
      tensors.set('cls.predictions.decoder.bias', tensors.get('cls.predictions.bias')!.mul(1));
    });
    expect(loadModel(folder).unexpected).toEqual([]);
    expectClose(logitsOf(folder), run(model, inputs).logits!);
  });

  it('may have an output layer of its own', () => {
    const model = bert('ForMaskedLM', { tie_word_embeddings: false });
    expect(keysOf(model)).toEqual(
      expect.arrayContaining(['cls.predictions.decoder.weight', 'cls.predictions.decoder.bias']),
    );
    const { w, states } = naive(model);
    const expected = states.map(text =>
      text.map(x => {
        const y = linear(w, 'cls.predictions.transform.dense', x).map(gelu);
        return linear(w, 'cls.predictions.decoder', layerNorm(w, 'cls.predictions.transform.LayerNorm', y));
      }),
    );
    close(run(model, inputs).logits, expected);
    // Transformers keeps the bias under both of its names.
    expect(keysOf(model)).toContain('cls.predictions.bias');
    const folder = saved(join(scratch, 'untied'), model, tensors =>
      rename(tensors, 'cls.predictions.decoder.bias', 'cls.predictions.bias'),
    );
    close(logitsOf(folder), expected);
  });

  it('of the bare model fit under a head', () => {
    const bare = bert('Model');
    const folder = saved(join(scratch, 'bare'), bare);
    const { model, missing } = loadModel(folder, { task: 'sequenceClassification' });
    expect(missing).toEqual(['classifier.weight', 'classifier.bias']);
    expectClose(run(model, inputs).poolerOutput!, run(bare, inputs).poolerOutput!);
  });
});

describe('config.json', () => {
  const build = (more: object) => createFromConfig({ ...sizes, ...more } as Record<string, unknown>, { seed: 1 });

  it.each([
    [{ position_embedding_type: 'relative_key' }, /'position_embedding_type': is not supported/],
    [{ is_decoder: true }, /'is_decoder': is not supported/],
    [{ add_cross_attention: true }, /'add_cross_attention': is not supported/],
    [{ pruned_heads: { 0: [1] } }, /'pruned_heads/],
    [{ architectures: ['BertLMHeadModel'] }, /architecture 'BertLMHeadModel' is not supported/],
    [{ hidden_size: 9 }, /multiple of heads/],
    [{ pad_token_id: 20 }, /config.json: the padding id 20 is not among the 20/],
  ])('refuses %o', (more, message) => {
    expect(() => build(more)).toThrow(message);
  });

  it('says with the keys of old and new releases the same', () => {
    // As published with bert-base-chinese and bert-base-uncased.
    const model = build({
      architectures: ['BertForMaskedLM'],
      attention_probs_dropout_prob: 0.1,
      directionality: 'bidi',
      gradient_checkpointing: false,
      pooler_fc_size: 768,
      pooler_num_attention_heads: 12,
      pooler_num_fc_layers: 3,
      pooler_size_per_head: 128,
      pooler_type: 'first_token_transform',
      position_embedding_type: 'absolute',
      pruned_heads: {},
      chunk_size_feed_forward: 0,
      use_cache: true,
      transformers_version: '4.6.0.dev0',
      language: 'english',
      name: 'Bert',
    });
    expect(keysOf(model)).toEqual(keysOf(build({ architectures: ['BertForMaskedLM'], dtype: 'float32' })));
  });
});

describe('a new model', () => {
  it('is made from a recipe’s sizes', () => {
    const model = createModel('bert', { layers: 2, hidden: 64, heads: 4, context: 12, vocabSize: 30 }, { seed: 1 });
    expect(model.task).toBe('maskedLM');
    expect(model.maxPositions).toBe(12);
    const w = weightsOf(model);
    const words = w.matrix('bert.embeddings.word_embeddings.weight');
    expect(words[0].every(x => x === 0)).toBe(true);
    expect(
      Math.sqrt(
        mean(
          words
            .slice(1)
            .flat()
            .map(x => x * x),
        ),
      ),
    ).toBeCloseTo(0.02, 2);
    for (const key of w.keys.filter(key => key.endsWith('bias')))
      expect(add(w.vector(key)).every(x => x === 0)).toBe(true);
    for (const key of w.keys.filter(key => key.endsWith('LayerNorm.weight'))) {
      expect(w.vector(key).every(x => x === 1)).toBe(true);
    }
    const { logits } = run(model, inputs);
    expect(softmax((logits!.select(1, 0).toArray() as number[][])[0]).every(p => p > 0.01)).toBe(true);
  });
});
