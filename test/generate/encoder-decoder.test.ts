/** Generation with an encoder–decoder: one token a step gives what whole forward passes give. */
import { describe, expect, it } from 'vitest';
import { resolveGenerationConfig } from '../../src/generate/config/generation-config.ts';
import type { GenerationOptions } from '../../src/generate/config/generation-options.ts';
import type { GenerationInputs } from '../../src/generate/prompt/generation-inputs.ts';
import { generateSequences } from '../../src/generate/sequences.ts';
import { generateText } from '../../src/generate/text.ts';
import { Decoder } from '../../src/models/decoder.ts';
import { Encoder } from '../../src/models/encoder.ts';
import { EncoderDecoder } from '../../src/models/encoder-decoder.ts';
import { families } from '../../src/models/families/index.ts';
import { LMHead } from '../../src/models/heads/lm.ts';
import { initializeNormal, Model } from '../../src/models/model.ts';
import type { PatchEmbeddings, PatchEmbeddingsOptions } from '../../src/models/patch-embeddings.ts';
import { initNormal } from '../../src/nn/init.ts';
import { createRandom } from '../../src/support/random.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { inferenceMode, memoryStats, randn, scope, type Tensor, tensor, withSeed } from '../../src/torch/index.ts';

const tokenizer = Tokenizer.fromFile('test/fixtures/tokenizers/byte_bpe_gpt2');
const [hidden, context] = [16, 20];
const START = 2;
const PAD = 1;
const model = tinyModel(tokenizer.vocabSize);
const captioner = tinyModel(tokenizer.vocabSize, {
  imageSize: [4, 6],
  patchSize: [2, 2],
  channels: 3,
  dim: hidden,
  dropout: 0,
});
const random = createRandom(8);
const prompt = (length: number): number[] => Array.from({ length }, () => 3 + random.below(40));

/** @param patches makes its encoder read images */
function tinyModel(vocabSize: number, patches?: PatchEmbeddingsOptions): Model {
  const attention = { hidden, heads: 2, layout: 'separate' } as const;
  const norm = { kind: 'layer', eps: 1e-5 } as const;
  const layer = {
    hidden,
    attention,
    feedForward: { hidden, intermediate: 32, activation: 'gelu' },
    norm,
    dropout: 0,
  } as const;
  const parts = {
    embeddings: { vocabSize, dim: hidden, positions: { kind: 'learned', count: context }, dropout: 0 } as const,
    finalNorm: norm,
    maxPositions: context,
  };
  const encoder = patches
    ? new Encoder<PatchEmbeddings>({ ...parts, embeddings: patches, layers: [layer] })
    : new Encoder({ ...parts, layers: [layer, layer] });
  const decoderLayer = { ...layer, crossAttention: attention };
  const decoder = new Decoder({ ...parts, layers: [decoderLayer, { ...decoderLayer }] });
  const backbone = new EncoderDecoder({ encoder, decoder }, { decoderStartTokenId: START, padTokenId: PAD });
  const head = new LMHead({ hidden, vocabSize, tied: decoder.embeddings.word, shiftLabels: false });
  const made = new Model({ backbone, head, family: families.gpt2, task: 'seq2seqLM', config: {} });
  withSeed(3, () => {
    initializeNormal(made, 0.8);
    for (const [path, parameter] of encoder.namedParameters()) {
      if (patches && path.startsWith('embeddings.')) initNormal(parameter, 1);
    }
  });
  return made.eval();
}

/** The most probable tokens from whole forward passes over one prompt or image without a cache. */
function greedy(input: number[] | Tensor, count: number): number[] {
  const text = [START];
  for (let i = 0; i < count; i++) {
    text.push(
      scope(() =>
        inferenceMode(() => {
          const decoderInputIds = tensor([text], { dtype: 'int64' });
          const { logits } = Array.isArray(input)
            ? model.forward({ inputIds: tensor([input], { dtype: 'int64' }), decoderInputIds })
            : captioner.forward({ pixelValues: input, decoderInputIds });
          return logits!.select(1, -1).argmax().item();
        }),
      ),
    );
  }
  return text;
}

const run = (inputs: GenerationInputs, options: GenerationOptions = {}) =>
  generateSequences(model, inputs, resolveGenerationConfig({ maxNewTokens: 8, padTokenId: PAD, ...options }));

describe('an encoder–decoder', () => {
  const prompts = [4, 9, 1, 6].map(prompt);

  it('writes what whole forward passes find most probable, whatever the lengths in its batch', () => {
    const expected = prompts.map(ids => greedy(ids, 8));
    expect(run({ inputIds: prompts }).sequences).toEqual(expected);
    expect(new Set(expected.map(ids => ids.join())).size).toBe(4);
  });

  it('reads masks, and pad tokens as padding', () => {
    const longest = Math.max(...prompts.map(({ length }) => length));
    const inputIds = prompts.map(ids => [...ids, ...new Array<number>(longest - ids.length).fill(PAD)]);
    const attentionMask = inputIds.map(ids => ids.map(id => (id === PAD ? 0 : 1)));
    const { sequences } = run({ inputIds: prompts });
    expect(run({ inputIds, attentionMask }).sequences).toEqual(sequences);
    expect(run({ inputIds }).sequences).toEqual(sequences);
  });

  it('goes on with some rows when others end, and follows beams', () => {
    const [[, , , eos]] = run({ inputIds: prompts }).sequences;
    for (const options of [{}, { numBeams: 4, numReturnSequences: 2 }]) {
      const together = run({ inputIds: prompts }, { ...options, eosTokenId: eos });
      const copies = together.sequences.length / prompts.length;
      for (const [i, ids] of prompts.entries()) {
        const alone = run({ inputIds: [ids] }, { ...options, eosTokenId: eos });
        for (let copy = 0; copy < copies; copy++) {
          const [a, b] = [together.sequences[i * copies + copy], alone.sequences[copy]];
          expect(a.slice(0, b.length)).toEqual(b);
          expect(a.slice(b.length).every(id => id === PAD)).toBe(true);
        }
      }
    }
  });

  it('starts with another token where asked, forces the first and last, and counts the start in maxLength', () => {
    const options = { decoderStartTokenId: 5, forcedBosTokenId: 6, forcedEosTokenId: 7, maxNewTokens: undefined };
    for (const more of [{}, { numBeams: 2 }]) {
      const { sequences } = run({ inputIds: prompts }, { ...options, ...more, maxLength: 6 });
      for (const ids of sequences) expect([ids.length, ids[0], ids[1], ids[5]]).toEqual([6, 5, 6, 7]);
    }
  });

  it('speaks of the encoder’s input where an option does', () => {
    const [free] = run({ inputIds: [prompts[1]] }).sequences;
    const inputIds = [[...free.slice(1, 4), ...prompts[1].slice(3)]];
    const { sequences } = run({ inputIds }, { encoderNoRepeatNgramSize: 1 });
    expect(sequences[0].slice(1).filter(id => inputIds[0].includes(id))).toEqual([]);
  });

  it('fills the decoder’s context to its end, and refuses what its encoder cannot read', () => {
    expect(run({ inputIds: prompts }, { maxNewTokens: 99 }).sequences[0]).toHaveLength(context + 1);
    expect(() => run({ inputIds: [prompt(context + 1)] })).toThrow(
      expect.objectContaining({ code: 'TSLM_PROMPT_TOO_LONG', message: expect.stringMatching(/encoder reads 20/) }),
    );
    expect(() => run({ inputIds: [[4], []] })).toThrow(/prompt 2 has no tokens/);
  });

  it('describes images', () => {
    const images = withSeed(1, () => randn([3, 3, 4, 6]));
    const expected = [0, 1, 2].map(i => greedy(images.narrow(0, i, 1), 8));
    const config = resolveGenerationConfig({ maxNewTokens: 8 });
    expect(generateSequences(captioner, { pixelValues: images }, config).sequences).toEqual(expected);
    expect(new Set(expected.map(ids => ids.join())).size).toBe(3);
    const texts = generateText(captioner, tokenizer, [], config, { pixelValues: images });
    expect(texts.map(({ prompt, ids }) => [prompt, START, ...ids])).toEqual(expected.map(ids => ['', ...ids]));
    const beams = resolveGenerationConfig({ maxNewTokens: 8, numBeams: 3, numReturnSequences: 2 });
    expect(generateSequences(captioner, { pixelValues: images }, beams).sequences).toHaveLength(6);
    expect(() => generateText(captioner, tokenizer, ['a'], config)).toThrow(/does not read 'inputIds'/);
    const option = resolveGenerationConfig({ encoderRepetitionPenalty: 2 });
    expect(() => generateSequences(captioner, { pixelValues: images }, option)).toThrow(/there are none/);
  });

  it('frees everything', () => {
    const before = memoryStats();
    run({ inputIds: prompts });
    run({ inputIds: prompts }, { numBeams: 3 });
    expect(memoryStats()).toMatchObject({ tensors: before.tensors, liveBytes: before.liveBytes });
  });

  it('answers in text without prompt and start token', () => {
    const config = resolveGenerationConfig({ maxNewTokens: 5 });
    const texts = ['The river', 'a'];
    for (const [i, { prompt: asked, text, ids }] of generateText(model, tokenizer, texts, config).entries()) {
      expect(asked).toBe(texts[i]);
      const whole = greedy(tokenizer.encode(asked).ids, 5);
      expect(ids).toEqual(whole.slice(1));
      expect(text).toBe(tokenizer.decode(ids, { skipSpecialTokens: true }));
    }
  });
});
