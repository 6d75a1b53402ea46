import { describe, expect, it } from 'vitest';
import { resolveGenerationConfig } from '../../../src/generate/config/generation-config.ts';
import { fromGenerationConfigJson, fromModelConfigJson } from '../../../src/generate/config/generation-config-json.ts';
import { maxLengthOf } from '../../../src/generate/config/generation-options.ts';
import { logitsProcessorsFor } from '../../../src/generate/config/logits-processors-for.ts';
import { readJson } from '../../../src/support/files.ts';
import { itShared, sharedFiles } from '../../helpers/shared.ts';

describe('resolveGenerationConfig', () => {
  it('fills in Hugging Face’s defaults and turns single values into lists', () => {
    const config = resolveGenerationConfig({ eosTokenId: 3, stopStrings: 'END', forcedEosTokenId: 3 });
    expect(config).toMatchObject({ doSample: false, temperature: 1, topK: 50, topP: 1, repetitionPenalty: 1 });
    expect(config).toMatchObject({ eosTokenId: [3], stopStrings: ['END'], forcedEosTokenId: [3], padTokenId: null });
    expect(resolveGenerationConfig({ eosTokenId: null }).eosTokenId).toEqual([]);
  });

  it('puts the caller before the model, and ignores undefined', () => {
    const defaults = { doSample: true, temperature: 0.6, eosTokenId: [1, 2] };
    const config = resolveGenerationConfig({ temperature: 0.9, eosTokenId: undefined }, { defaults });
    expect(config).toMatchObject({ doSample: true, temperature: 0.9, eosTokenId: [1, 2] });
  });

  it('names the nearest key for an unknown one', () => {
    expect(() => resolveGenerationConfig({ topp: 0.9 } as never)).toThrow(
      expect.objectContaining({ code: 'TSLM_UNKNOWN_KEY', hint: "did you mean 'topP'?" }),
    );
  });

  it.each([
    [{ temperature: 0 }, /temperature/],
    [{ topP: 1.5 }, /topP/],
    [{ maxNewTokens: 0 }, /maxNewTokens/],
    [{ eosTokenId: -1 }, /'eosTokenId': expected a token id/],
    [{ badWordsIds: [[]] }, /badWordsIds/],
  ])('refuses %j', (options, message) => {
    expect(() => resolveGenerationConfig({ doSample: true, ...options })).toThrow(message);
  });

  it('refuses the caller’s sampling options without sampling, and leaves the model’s unused', () => {
    const contradiction = expect.objectContaining({ code: 'TSLM_CONTRADICTION', exitCode: 2 });
    expect(() => resolveGenerationConfig({ temperature: 0.7 })).toThrow(contradiction);
    expect(() => resolveGenerationConfig({ doSample: false, topP: 0.9 })).toThrow(contradiction);
    const config = resolveGenerationConfig({ doSample: false }, { defaults: { doSample: true, temperature: 0.6 } });
    expect(logitsProcessorsFor(config, { promptLength: 1 })).toEqual([]);
  });

  it.each([
    [{ lengthPenalty: 2 }, /'lengthPenalty' has no effect without beams/],
    [{ earlyStopping: true }, /'earlyStopping' has no effect without beams/],
    [{ numBeamGroups: 2 }, /'numBeamGroups' has no effect without beams/],
    [{ numBeams: 4, diversityPenalty: 1 }, /'diversityPenalty' has no effect without groups of beams/],
    [{ numReturnSequences: 2 }, /'numReturnSequences' is 2, and always taking the most probable token gives one text/],
    [{ numBeams: 2, numReturnSequences: 3 }, /'numReturnSequences' is 3, and 'numBeams' is only 2/],
    [
      { numBeams: 4, numBeamGroups: 3, diversityPenalty: 1 },
      /'numBeams' is 4, which 'numBeamGroups', 3, does not divide/,
    ],
    [{ numBeams: 4, numBeamGroups: 2 }, /'numBeamGroups' is 2 and 'diversityPenalty' 0/],
    [{ numBeams: 4, numBeamGroups: 2, diversityPenalty: 1, doSample: true }, /do not go with 'doSample'/],
  ])('refuses the contradiction %j', (options, message) => {
    expect(() => resolveGenerationConfig(options)).toThrow(
      expect.objectContaining({ code: 'TSLM_CONTRADICTION', exitCode: 2, message: expect.stringMatching(message) }),
    );
  });

  it('leaves the model’s options of beam search unused where the caller wants no beams', () => {
    const defaults = { numBeams: 4, lengthPenalty: 2, earlyStopping: true };
    expect(resolveGenerationConfig({}, { defaults })).toMatchObject(defaults);
    expect(resolveGenerationConfig({ numBeams: 1 }, { defaults }).numBeams).toBe(1);
    expect(resolveGenerationConfig({ doSample: true, numReturnSequences: 5 }).numReturnSequences).toBe(5);
  });

  it('takes the length from the caller, in whichever unit', () => {
    expect(() => resolveGenerationConfig({ maxLength: 9, maxNewTokens: 9 })).toThrow(/both/);
    const total = resolveGenerationConfig({ maxLength: 30 }, { defaults: { maxNewTokens: 5 } });
    expect(maxLengthOf(total, 10)).toBe(30);
    const generated = resolveGenerationConfig({ maxNewTokens: 5 }, { defaults: { maxLength: 30, minLength: 3 } });
    expect(maxLengthOf(generated, 10)).toBe(15);
    expect(generated.minLength).toBe(3);
    expect(resolveGenerationConfig({ minNewTokens: 2 }, { defaults: { minLength: 3 } }).minLength).toBe(0);
    expect(maxLengthOf(resolveGenerationConfig({}), 10)).toBe(30);
  });
});

describe('fromGenerationConfigJson', () => {
  it('reads the file of a chat model as transformers 4 writes it', () => {
    const options = fromGenerationConfigJson({
      _from_model_config: true,
      bos_token_id: 151643,
      do_sample: true,
      eos_token_id: [151645, 151643],
      pad_token_id: 151643,
      repetition_penalty: 1.1,
      temperature: 0.7,
      top_k: 20,
      top_p: 0.8,
      num_beams: 1,
      transformers_version: '4.37.0',
    });
    expect(options).toEqual({
      bosTokenId: 151643,
      doSample: true,
      eosTokenId: [151645, 151643],
      padTokenId: 151643,
      repetitionPenalty: 1.1,
      temperature: 0.7,
      topK: 20,
      topP: 0.8,
      numBeams: 1,
    });
  });

  it('reads what a translation model says of beams', () => {
    const json = { num_beams: 4, early_stopping: 'never', length_penalty: 0.6, num_return_sequences: 2 };
    const options = fromGenerationConfigJson(json);
    expect(options).toEqual({ numBeams: 4, earlyStopping: 'never', lengthPenalty: 0.6, numReturnSequences: 2 });
    expect(fromGenerationConfigJson({ early_stopping: true })).toEqual({ earlyStopping: true });
    expect(() => fromGenerationConfigJson({ early_stopping: 'soon' })).toThrow(/expected true, false or 'never'/);
  });

  it('takes null for absent, as transformers 5 writes it', () => {
    expect(fromGenerationConfigJson({ temperature: null, num_beams: null, eos_token_id: 2 })).toEqual({
      eosTokenId: 2,
    });
  });

  it('reads sequence_bias as pairs and as a dictionary of tuples', () => {
    const sequenceBias = [
      [[6], 3.5],
      [[3, 10], -2],
    ];
    expect(fromGenerationConfigJson({ sequence_bias: sequenceBias })).toEqual({ sequenceBias });
    expect(fromGenerationConfigJson({ sequence_bias: { '(6,)': 3.5, '(3, 10)': -2 } })).toEqual({ sequenceBias });
  });

  it('reads what a model says of contrast, guesses, forced words and guidance', () => {
    const json = {
      penalty_alpha: 0.6,
      prompt_lookup_num_tokens: 10,
      max_matching_ngram_size: 3,
      num_assistant_tokens: 5,
      num_assistant_tokens_schedule: 'heuristic',
      assistant_confidence_threshold: 0.5,
      guidance_scale: 1.5,
      force_words_ids: [
        [7, 8],
        [[9], [10, 11]],
      ],
    };
    const options = fromGenerationConfigJson(json);
    expect(options).toEqual({
      penaltyAlpha: 0.6,
      promptLookupNumTokens: 10,
      maxMatchingNgramSize: 3,
      numAssistantTokens: 5,
      numAssistantTokensSchedule: 'heuristic',
      assistantConfidenceThreshold: 0.5,
      guidanceScale: 1.5,
      forceWordsIds: [
        [7, 8],
        [[9], [10, 11]],
      ],
    });
    const { forceWordsIds } = resolveGenerationConfig({ forceWordsIds: options.forceWordsIds, numBeams: 2 });
    expect(forceWordsIds).toEqual([[[7, 8]], [[9], [10, 11]]]);
    expect(resolveGenerationConfig({})).toMatchObject({
      penaltyAlpha: 0,
      maxMatchingNgramSize: 2,
      numAssistantTokens: 20,
      numAssistantTokensSchedule: 'constant',
      assistantConfidenceThreshold: 0.4,
      guidanceScale: 1,
      forceWordsIds: [],
    });
    expect(() => fromGenerationConfigJson({ num_assistant_tokens_schedule: 'clever' })).toThrow(
      /numAssistantTokensSchedule/,
    );
  });

  it('names the key of what is not offered', () => {
    expect(() => fromGenerationConfigJson({ dola_layers: 'low' }, 'm/generation_config.json')).toThrow(
      'm/generation_config.json: \'dola_layers\' is "low", which is not supported',
    );
    expect(() => fromGenerationConfigJson({ token_healing: true })).toThrow(/token_healing/);
  });

  it('refuses unknown keys, keys of ours in camelCase, and bad values', () => {
    expect(() => fromGenerationConfigJson({ top_kk: 3 })).toThrow(
      expect.objectContaining({ hint: "did you mean 'top_k'?" }),
    );
    expect(() => fromGenerationConfigJson({ presence_penalty: 1 })).toThrow(/unknown key 'presence_penalty'/);
    expect(() => fromGenerationConfigJson({ top_p: 'high' })).toThrow(/topP/);
    expect(() => fromGenerationConfigJson([])).toThrow(/expected an object/);
  });

  it('finds in config.json what models said there before they had a file for it', () => {
    const bart = { model_type: 'bart', d_model: 8, num_beams: 4, max_length: 142, forced_bos_token_id: 0, top_k: null };
    expect(fromModelConfigJson(bart)).toEqual({ numBeams: 4, maxLength: 142, forcedBosTokenId: 0 });
    const captions = {
      decoder_start_token_id: 7,
      eos_token_id: null,
      decoder: { max_length: 20, eos_token_id: 9, bos_token_id: 7, n_layer: 2 },
      encoder: { eos_token_id: 1 },
    };
    expect(fromModelConfigJson(captions)).toEqual({ decoderStartTokenId: 7, eosTokenId: 9, bosTokenId: 7 });
  });

  itShared('fixtures/hf', 'reads every recorded file', () => {
    const files = sharedFiles('fixtures/hf/*/*/generation_config.json');
    expect(files.length).toBeGreaterThan(10);
    for (const file of files) {
      const json = readJson(file) as Record<string, unknown>;
      const { padTokenId, numBeams } = fromGenerationConfigJson(json, file);
      expect([padTokenId, numBeams]).toEqual([json.pad_token_id, json.num_beams]);
    }
  });
});

describe('logitsProcessorsFor', () => {
  const length = (options: Parameters<typeof resolveGenerationConfig>[0]): number =>
    logitsProcessorsFor(resolveGenerationConfig(options), { promptLength: 4, encoderInputIds: [1, 2] }).length;

  it.each([
    [{ sequenceBias: [[[1], 2]] as [number[], number][] }],
    [{ encoderRepetitionPenalty: 1.2 }],
    [{ repetitionPenalty: 1.2 }],
    [{ presencePenalty: 0.1 }],
    [{ frequencyPenalty: 0.1 }],
    [{ noRepeatNgramSize: 2 }],
    [{ encoderNoRepeatNgramSize: 2 }],
    [{ badWordsIds: [[1, 2]] }],
    [{ minLength: 3 }],
    [{ minNewTokens: 3 }],
    [{ forcedBosTokenId: 3 }],
    [{ forcedEosTokenId: [3] }],
    [{ removeInvalidValues: true }],
    [{ exponentialDecayLengthPenalty: [2, 1.1] as [number, number] }],
    [{ suppressTokens: [1] }],
    [{ beginSuppressTokens: [1] }],
    [{ renormalizeLogits: true }],
    [{ doSample: true }],
    [{ doSample: true, topK: 0, temperature: 0.5 }],
    [{ doSample: true, topK: 0, topP: 0.5 }],
    [{ doSample: true, topK: 0, minP: 0.1 }],
    [{ doSample: true, topK: 0, typicalP: 0.5 }],
    [{ doSample: true, topK: 0, epsilonCutoff: 0.1 }],
    [{ doSample: true, topK: 0, etaCutoff: 0.1 }],
  ])('%j is one processor', options => expect(length(options)).toBe(1));

  it('needs tokens for the options that speak of the encoder’s', () => {
    const config = resolveGenerationConfig({ encoderNoRepeatNgramSize: 2 });
    expect(() => logitsProcessorsFor(config, { promptLength: 1 })).toThrow(
      /speaks of the input's tokens, and there are none/,
    );
  });

  it('bans for the first token wait for a forced one', () => {
    const at = (options: object, promptLength: number, time: number): number => {
      const config = resolveGenerationConfig({ beginSuppressTokens: [0], ...options });
      const logits = new Float32Array(3);
      for (const process of logitsProcessorsFor(config, { promptLength })) process(new Array(time).fill(1), logits);
      return logits[0];
    };
    expect(at({}, 1, 1)).toBe(-Infinity);
    expect(at({}, 1, 2)).toBe(0);
    expect(at({ forcedBosTokenId: 2 }, 1, 2)).toBe(-Infinity);
  });

  it('allows only what prefixAllowedTokens returns', () => {
    const logits = new Float32Array(3);
    const [only] = logitsProcessorsFor(resolveGenerationConfig({}), {
      promptLength: 1,
      prefixAllowedTokens: ids => [ids.length],
    });
    only([7], logits);
    expect([...logits]).toEqual([-Infinity, 0, -Infinity]);
  });
});
