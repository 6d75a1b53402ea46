/** Generation against the sequences and scores that Hugging Face Transformers finds, for every recorded model. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveGenerationConfig } from '../../src/generate/config/generation-config.ts';
import { fromGenerationConfigJson } from '../../src/generate/config/generation-config-json.ts';
import type { GenerationConfig } from '../../src/generate/config/generation-options.ts';
import { modelGenerationDefaults } from '../../src/generate/config/model-defaults.ts';
import { generateSequences } from '../../src/generate/sequences.ts';
import { loadCompleteModel } from '../../src/models/auto.ts';
import type { Model } from '../../src/models/model.ts';
import { loadSafetensors, scope } from '../../src/torch/index.ts';
import { sharedFiles } from '../helpers/shared.ts';
import { expectNumbers, tolerances } from '../models/golden.ts';

interface Case {
  name: string;
  inputs: { input_ids?: number[][]; attention_mask?: number[][]; pixel_values?: { tensor: string } };
  config: Record<string, unknown>;
  uses_generation_config_json?: boolean;
  sequences: number[][];
  sequences_scores?: number[];
  tensors?: Record<string, string>;
}

const folders = ['test/fixtures/hf/gpt2/lm', ...sharedFiles('fixtures/hf/*/*/golden.json').map(dirname)].filter(
  folder => existsSync(join(folder, 'generation_config.json')),
);

for (const folder of folders) {
  const { generate } = JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')) as { generate?: Case[] };
  if (!generate) continue;
  describe(folder, () => {
    let model: Model;
    beforeAll(() => {
      model = loadCompleteModel(folder);
    });
    afterAll(() => model.dispose());
    const tensors = loadSafetensors(join(folder, 'golden.safetensors'));

    const configOf = ({ config, uses_generation_config_json }: Case): GenerationConfig => {
      const defaults = uses_generation_config_json ? modelGenerationDefaults(folder) : {};
      const options = fromGenerationConfigJson(config);
      // A setting that is listed although nothing uses it, and null, which the file's reader takes for absent.
      if (config.eos_token_id === null) options.eosTokenId = null;
      return resolveGenerationConfig(options, { defaults });
    };

    it.each(generate)('$name', entry => {
      scope(() => {
        const { input_ids: inputIds, attention_mask: attentionMask, pixel_values } = entry.inputs;
        const pixelValues = pixel_values && tensors.get(pixel_values.tensor);
        const recorded = entry.tensors?.logprobs;
        const found = generateSequences(model, { inputIds, attentionMask, pixelValues }, configOf(entry), {
          logProbs: recorded !== undefined,
        });
        expect(found.sequences).toEqual(entry.sequences);
        if (entry.sequences_scores) expectNumbers(found.sequencesScores!, entry.sequences_scores, tolerances.logProbs);
        if (recorded) {
          const expected = Array.from(tensors.get(recorded)!.toNumbers());
          const actual = found.logProbs!.flatMap(rows => rows.flatMap(row => [...row]));
          expectNumbers(actual, expected, tolerances.logProbs);
        }
      });
    });

    // What is guessed changes nothing: the recorded greedy texts come out. XLNet keeps no cache to check guesses against.
    const greedy = folder.includes('xlnet')
      ? []
      : generate.filter(entry => {
          const { doSample, numBeams } = configOf(entry);
          return !doSample && numBeams === 1;
        });
    it.skipIf(greedy.length === 0).each(greedy)('$name, guessed', entry => {
      scope(() => {
        const { input_ids: inputIds, attention_mask: attentionMask, pixel_values } = entry.inputs;
        const inputs = { inputIds, attentionMask, pixelValues: pixel_values && tensors.get(pixel_values.tensor) };
        const config = configOf(entry);
        const lookedUp = { ...config, promptLookupNumTokens: 3 };
        expect(generateSequences(model, inputs, lookedUp).sequences).toEqual(entry.sequences);
        const short = { ...config, numAssistantTokens: 3, assistantConfidenceThreshold: 0 };
        expect(generateSequences(model, inputs, short, { assistant: model }).sequences).toEqual(entry.sequences);
      });
    });
  });
}
