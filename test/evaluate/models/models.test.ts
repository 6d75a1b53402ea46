/** Models as benchmarks ask them: each sum beside one forward pass of its own. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { causalModel } from '../../../src/evaluate/models/causal-model.ts';
import { prefixTokenId } from '../../../src/evaluate/models/encode-pair.ts';
import { encoderDecoderModel } from '../../../src/evaluate/models/encoder-decoder-model.ts';
import { maskedModel } from '../../../src/evaluate/models/masked-model.ts';
import { openEvaluatedModel } from '../../../src/evaluate/models/open-model.ts';
import { rollingWindows } from '../../../src/evaluate/models/rolling-windows.ts';
import { scoreTokens } from '../../../src/generate/scoring/score-tokens.ts';
import { saveModel } from '../../../src/models/auto.ts';
import type { Model } from '../../../src/models/model.ts';
import { Tokenizer } from '../../../src/tokenizers/tokenizer.ts';
import { fromTypedArray, inferenceMode, scope } from '../../../src/torch/index.ts';
import { errorOf } from '../../data/helpers.ts';
import { itShared } from '../../helpers/shared.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { tinyModel, wordTokenizer } from '../../tasks/helpers.ts';

const tokenizer = wordTokenizer({ bos_token: '[CLS]', eos_token: '[SEP]' });
const ids = (text: string): number[] => tokenizer.encode(text, { addSpecialTokens: false }).ids;
const [CLS, SEP] = [1, 2];

/** Σ over the last tokens of a sequence, by the scores of a text alone. */
const sumOfLast = (model: Model, sequence: number[], count: number): number =>
  scoreTokens(model, [sequence])[0]
    .slice(-count)
    .reduce((sum, { logProb }) => sum + logProb, 0);

describe('a causal model', () => {
  const requests = [
    { context: 'the cat', continuation: ' sat on the mat .' },
    { context: 'the cat', continuation: ' sat' },
    { context: 'the cat', continuation: ' lo' },
    { context: '', continuation: 'a dog' },
    { context: 'ann met lee in ', continuation: 'paris' },
    { context: 'the cat', continuation: ' sat' },
  ];

  it('scores continuations after their contexts, whatever else is in the batch', async () => {
    using model = tinyModel('gpt2', 'GPT2LMHeadModel');
    const evaluated = causalModel(model, tokenizer, 'tiny');
    const scores = await evaluated.loglikelihood(requests);
    const expected = requests.map(({ context, continuation }) => {
      const answer = ids(continuation);
      return sumOfLast(model, [CLS, ...ids(context), ...answer], answer.length);
    });
    for (const [i, { logProb, tokens }] of scores.entries()) {
      expect(logProb).toBeCloseTo(expected[i], 4);
      expect(tokens).toBe(ids(requests[i].continuation).length);
    }
    const [alone] = await evaluated.loglikelihood([requests[4]]);
    expect(alone.logProb).toBeCloseTo(scores[4].logProb, 4);
  });

  it('reads a context once for all its continuations, with the same sums', async () => {
    const context = 'ann met lee in paris . where is the happy dog ?';
    const endings = [' the cat', ' sat on the mat .', ' in', ' who', ' new york', ' the cat sat'];
    const others = ['a dog sat on a mat in berlin and paris', 'the cat'].flatMap(other =>
      [' lo', ' is happy'].map(continuation => ({ context: other, continuation })),
    );
    const asked = [...endings.map(continuation => ({ context, continuation })), ...others];
    for (const [type, architecture] of [
      ['gpt2', 'GPT2LMHeadModel'],
      ['llama', 'LlamaForCausalLM'],
      ['bloom', 'BloomForCausalLM'],
    ] as const) {
      using model = tinyModel(type, architecture);
      const scores = await causalModel(model, tokenizer, 'tiny').loglikelihood(asked);
      for (const [i, request] of asked.entries()) {
        const answer = ids(request.continuation);
        const expected = sumOfLast(model, [CLS, ...ids(request.context), ...answer], answer.length);
        expect(scores[i].logProb).toBeCloseTo(expected, 4);
        const [alone] = await causalModel(model, tokenizer, 'tiny').loglikelihood([request]);
        expect([scores[i].isGreedy, scores[i].tokens]).toEqual([alone.isGreedy, alone.tokens]);
      }
    }
  });

  it('says whether each token was the most probable one', async () => {
    using model = tinyModel('gpt2', 'GPT2LMHeadModel');
    const evaluated = causalModel(model, tokenizer, 'tiny');
    const words = ['the', 'a', 'cat', 'dog', 'sat', 'on', 'mat', 'happy', 'in', 'paris', 'berlin', 'who', 'where', '.'];
    const scores = await evaluated.loglikelihood(words.map(word => ({ context: 'ann', continuation: ` ${word}` })));
    const best = Math.max(...scores.map(({ logProb }) => logProb));
    const all = await evaluated.loglikelihood([{ context: 'ann', continuation: ' [UNK]' }]);
    expect(all[0].isGreedy && scores.some(({ isGreedy }) => isGreedy)).toBe(false);
    for (const { logProb, isGreedy } of scores) if (isGreedy) expect(logProb).toBe(best);
  });

  it('reads the end of what is too long, and refuses a continuation that is longer than its context', async () => {
    using model = tinyModel('gpt2', 'GPT2LMHeadModel');
    const evaluated = causalModel(model, tokenizer, 'tiny');
    const long = new Array(model.maxPositions + 20).fill('the').join(' ');
    const [cut, same] = await evaluated.loglikelihood([
      { context: `ann ${long}`, continuation: ' cat' },
      { context: `lee ${long}`, continuation: ' cat' },
    ]);
    expect(cut.logProb).toBe(same.logProb);
    const error = await evaluated.loglikelihood([{ context: 'a', continuation: ` ${long}` }]).catch(thrown => thrown);
    expect(error.message).toMatch(/request 1: its continuation has \d+ tokens/);
    const empty = await evaluated.loglikelihood([{ context: 'a', continuation: '' }]).catch(thrown => thrown);
    expect(empty.code).toBe('TSLM_EMPTY_CONTINUATION');
  });

  it('scores every token of a long text once', async () => {
    using model = tinyModel('gpt2', 'GPT2LMHeadModel');
    const text = new Array(3 * model.maxPositions).fill('the cat').join(' ');
    const [{ tokens, bytes }, nothing] = await causalModel(model, tokenizer, 'tiny').loglikelihoodRolling([text, '']);
    expect([tokens, bytes]).toEqual([ids(text).length + 1, text.length]);
    // The tokenizer's own start token is scored behind the prefix, as lm-evaluation-harness does.
    expect(nothing.tokens).toBe(1);
  });

  it('writes the same in a batch as alone, and ends before a stop string', async () => {
    using model = tinyModel('gpt2', 'GPT2LMHeadModel');
    const evaluated = causalModel(model, tokenizer, 'tiny');
    const ask = (context: string, until: string[] = []) => ({ context, until, maxNewTokens: 6, options: {} });
    const texts = await evaluated.generateUntil([ask('the cat'), ask('ann met lee in paris'), ask('who')]);
    for (const [i, context] of ['the cat', 'ann met lee in paris', 'who'].entries()) {
      expect(await evaluated.generateUntil([ask(context)])).toEqual([texts[i]]);
    }
    const stop = texts[0].slice(2, 4);
    expect(await evaluated.generateUntil([ask('the cat', [stop])])).toEqual([texts[0].split(stop)[0]]);
    const error = await evaluated.generateUntil([{ ...ask('a'), options: { num_beam: 3 } }]).catch(thrown => thrown);
    expect(error.message).toMatch(/unknown key 'numBeam'/);
  });

  it('draws the same again, and something else from another seed', async () => {
    using model = tinyModel('gpt2', 'GPT2LMHeadModel');
    const evaluated = causalModel(model, tokenizer, 'tiny');
    const ask = (options: Record<string, unknown>) =>
      evaluated.generateUntil([
        { context: 'the cat', until: [], maxNewTokens: 12, options: { do_sample: true, temperature: 2, ...options } },
      ]);
    const first = await ask({});
    expect(await ask({})).toEqual(first);
    expect(await ask({ seed: 5 })).not.toEqual(first);
  });

  it('ends when it is told to', async () => {
    using model = tinyModel('gpt2', 'GPT2LMHeadModel');
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(causalModel(model, tokenizer, 'tiny').loglikelihood(requests, { signal })).rejects.toThrow('enough');
  });
});

it('a text without context follows the start token, an end token, or what the tokenizer puts in front of texts', () => {
  expect(prefixTokenId(tokenizer)).toBe(CLS);
  expect(prefixTokenId(wordTokenizer({ bos_token: null, eos_token: '[SEP]' }))).toBe(SEP);
  expect(prefixTokenId(wordTokenizer({ bos_token: null, eos_token: null }))).toBe(CLS);
  const bare = Tokenizer.fromJSON({ ...tokenizer.toJSON(), post_processor: null }, 'test');
  expect(() => prefixTokenId(bare)).toThrow(/neither a start token nor an end token/);
});

describe('a masked model', () => {
  it('gives each token its probability with all others in sight', async () => {
    using model = tinyModel('bert', 'BertForMaskedLM');
    const evaluated = maskedModel(model, tokenizer, 'tiny');
    const scores = await evaluated.loglikelihood([
      { context: '', continuation: 'the cat sat' },
      { context: 'the cat ', continuation: 'sat on the mat' },
    ]);
    const whole = scoreTokens(model, [[CLS, ...ids('the cat sat'), SEP]], {
      maskTokenId: 4,
      skippedIds: [CLS, SEP],
    })[0];
    expect(scores[0].logProb).toBeCloseTo(
      whole.reduce((sum, { logProb }) => sum + logProb, 0),
      4,
    );
    expect([scores[0].tokens, scores[1].tokens]).toEqual([3, 4]);
    const part = scoreTokens(model, [[CLS, ...ids('the cat sat on the mat'), SEP]], {
      maskTokenId: 4,
      skippedIds: [CLS, SEP],
    })[0];
    expect(scores[1].logProb).toBeCloseTo(
      part.slice(2).reduce((sum, { logProb }) => sum + logProb, 0),
      4,
    );
  });

  it('may mask the rest of a word with each of its tokens', async () => {
    using model = tinyModel('bert', 'BertForMaskedLM');
    const [plain] = await maskedModel(model, tokenizer, 'tiny').loglikelihood([{ context: '', continuation: 'cat' }]);
    const [same] = await maskedModel(model, tokenizer, 'tiny', { pll: 'within-word-l2r' }).loglikelihood([
      { context: '', continuation: 'cat' },
    ]);
    expect(same.logProb).toBe(plain.logProb);
    const words = [{ context: '', continuation: 'loveing' }];
    const [original] = await maskedModel(model, tokenizer, 'tiny').loglikelihood(words);
    const [other] = await maskedModel(model, tokenizer, 'tiny', { pll: 'within-word-l2r' }).loglikelihood(words);
    expect(ids('loveing').length).toBeGreaterThan(1);
    expect(other.logProb).not.toBeCloseTo(original.logProb, 5);
  });

  it('loses the beginning of a context that is too long, and keeps special tokens', async () => {
    using model = tinyModel('bert', 'BertForMaskedLM');
    const evaluated = maskedModel(model, tokenizer, 'tiny');
    const long = new Array(model.maxPositions).fill('the').join(' ');
    const [cut] = await evaluated.loglikelihood([{ context: `ann ${long}`, continuation: ' cat' }]);
    const sequence = [CLS, ...new Array(model.maxPositions - 3).fill(ids('the')[0]), ids('cat')[0], SEP];
    const scored = scoreTokens(model, [sequence], { maskTokenId: 4, skippedIds: [CLS, SEP] })[0];
    expect(cut.logProb).toBeCloseTo(scored.at(-1)!.logProb, 4);
    const [rolling] = await evaluated.loglikelihoodRolling([`${long} cat`]);
    expect(rolling.tokens).toBe(model.maxPositions + 1);
  });

  it('may be a decoder, which predicts a masked token where the one before it stands', async () => {
    using model = tinyModel('gpt2', 'GPT2LMHeadModel');
    const [score] = await maskedModel(model, tokenizer, 'tiny').loglikelihood([
      { context: 'the cat ', continuation: 'sat' },
    ]);
    const tokens = [CLS, ...ids('the cat sat'), SEP];
    const at = 1 + ids('the cat').length;
    const expected = scope(() => {
      const read = tokens.map((id, i) => (i === at ? 4 : id));
      const inputIds = fromTypedArray(BigInt64Array.from(read, BigInt), [1, read.length]);
      const logits = inferenceMode(() => model.forward({ inputIds, isCausal: false }).logits!);
      return logits
        .logSoftmax(-1)
        .select(0, 0)
        .select(0, at - 1)
        .toNumbers()[tokens[at]];
    });
    expect(score.tokens).toBe(1);
    expect(score.logProb).toBeCloseTo(expected, 4);
    const [causal] = await causalModel(model, tokenizer, 'tiny').loglikelihood([
      { context: 'the cat ', continuation: 'sat' },
    ]);
    expect(score.logProb).not.toBeCloseTo(causal.logProb, 3);
  });

  // Recorded with Transformers 5.18 in float64.
  itShared('fixtures/hf/bert/text', 'agrees with Transformers, both ways', async path => {
    const requests = RECORDED.map(([context, continuation]) => ({ context, continuation }));
    for (const [pll, column] of [
      ['original', 2],
      ['within-word-l2r', 3],
    ] as const) {
      using model = openEvaluatedModel(path, { pll });
      const scores = await model.loglikelihood(requests);
      for (const [i, row] of RECORDED.entries()) {
        const [logProb, isGreedy, tokens] = row[column];
        expect(scores[i].logProb).toBeCloseTo(logProb, 3);
        expect([scores[i].isGreedy, scores[i].tokens]).toEqual([isGreedy, tokens]);
      }
    }
  });
});

describe('an encoder–decoder', () => {
  it('answers: the encoder reads the context', async () => {
    using model = tinyModel('bart', 'BartForConditionalGeneration');
    const evaluated = encoderDecoderModel(model, tokenizer, 'tiny');
    const requests = [
      { context: 'the cat', continuation: 'a dog sat' },
      { context: 'ann met lee in paris', continuation: 'who' },
    ];
    const scores = await evaluated.loglikelihood(requests);
    for (const [i, { context, continuation }] of requests.entries()) {
      const [expected] = scoreTokens(model, [ids(continuation)], { sources: [tokenizer.encode(context).ids] });
      expect(scores[i].logProb).toBeCloseTo(
        expected.reduce((sum, { logProb }) => sum + logProb, 0),
        4,
      );
      expect(scores[i].tokens).toBe(ids(continuation).length);
    }
    const error = await evaluated.loglikelihoodRolling(['a']).catch(thrown => thrown);
    expect(error.message).toMatch(/has no probability of a text alone/);
  });

  it('writes with beams, each answer as it would be alone', async () => {
    using model = tinyModel('bart', 'BartForConditionalGeneration');
    const evaluated = encoderDecoderModel(model, tokenizer, 'tiny');
    const ask = (context: string) => ({ context, until: [], maxNewTokens: 5, options: { num_beams: 3 } });
    const contexts = ['the cat', 'ann met lee in paris .'];
    const texts = await evaluated.generateUntil(contexts.map(ask));
    for (const [i, context] of contexts.entries())
      expect(await evaluated.generateUntil([ask(context)])).toEqual([texts[i]]);
  });
});

describe('opening a folder', () => {
  const folder = scratchFolder();
  const save = (name: string, model: Model): string => {
    const path = join(folder, name);
    saveModel(path, model);
    tokenizer.save(path);
    return path;
  };

  it('scores as the head says, and refuses another way', async () => {
    const path = save('masked', tinyModel('bert', 'BertForMaskedLM'));
    using model = openEvaluatedModel(path, { score: 'masked' });
    expect(model.scoring).toBe('masked');
    expect((await errorOf(() => openEvaluatedModel(path, { score: 'causal' }))).message).toMatch(
      /--score causal does not suit a model with the head maskedLM/,
    );
    const causal = save('causal', tinyModel('gpt2', 'GPT2LMHeadModel'));
    using both = openEvaluatedModel(causal, { score: 'masked' });
    expect(both.scoring).toBe('masked');
    expect((await errorOf(() => openEvaluatedModel(causal, { pll: 'original' }))).message).toMatch(
      /--pll original does not suit/,
    );
  });

  it('makes vectors of length 1, also without a head for words', async () => {
    const path = save('encoder', tinyModel('bert', 'BertModel'));
    using model = openEvaluatedModel(path, { pooling: 'cls' });
    const [a, b] = await model.embed!(['the cat', 'a dog sat']);
    expect(Math.hypot(...a)).toBeCloseTo(1, 5);
    expect(Math.hypot(...b)).toBeCloseTo(1, 5);
    const error = await model.loglikelihood([]).catch(thrown => thrown);
    expect(error.message).toMatch(/neither scores nor writes/);
  });
});

describe('windows over a text', () => {
  it('share as many tokens as asked, and the last one is filled up', () => {
    const windows = rollingWindows([0, 1, 2, 3, 4, 5, 6], -1, 4, 2);
    expect(windows.flatMap(({ scored }) => scored)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(windows.map(({ context, scored }) => context.length + scored.length)).toEqual([5, 5]);
    expect(rollingWindows([], -1, 4)).toEqual([]);
  });
});

type Recorded = [
  context: string,
  continuation: string,
  original: [number, boolean, number],
  l2r: [number, boolean, number],
];
const RECORDED: Recorded[] = [
  ['The weather in', 'London is unpredictable.', [-132.5389272195094, false, 14], [-132.65360813903956, false, 14]],
  ['', 'Some turtles alarm Kimberley.', [-197.75301651369205, false, 20], [-201.5601734028559, false, 20]],
  ['Question: who came? \n', 'unbelievably, nobody', [-153.4700090747042, false, 14], [-164.15093653260936, false, 14]],
  ['', 'a', [-5.4930788805641475, false, 1], [-5.4930788805641475, false, 1]],
];
