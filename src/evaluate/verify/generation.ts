/** Recorded generations: token ids exactly, scores and log-probabilities within tolerance. */

import { resolveGenerationConfig } from '../../generate/config/generation-config.ts';
import { fromGenerationConfigJson } from '../../generate/config/generation-config-json.ts';
import type { GenerationOptions } from '../../generate/config/generation-options.ts';
import { modelGenerationDefaults } from '../../generate/config/model-defaults.ts';
import { generateSequences } from '../../generate/sequences.ts';
import type { Model } from '../../models/model.ts';
import { scope } from '../../torch/index.ts';
import { type Check, compareExactly, compareNumbers, tolerances } from './compare.ts';
import type { Golden } from './golden.ts';

export function* verifyGeneration(model: Model, golden: Golden, folder: string): Generator<Check> {
  for (const entry of golden.generate) {
    const check = { section: 'generate', name: entry.name };
    const defaults = entry.uses_generation_config_json ? modelGenerationDefaults(folder) : {};
    const recorded = entry.tensors?.logprobs;
    yield* scope(() => {
      const { input_ids: inputIds, attention_mask: attentionMask, pixel_values: pixels } = entry.inputs;
      const found = generateSequences(
        model,
        {
          inputIds: inputIds as number[][] | undefined,
          attentionMask: attentionMask as number[][] | undefined,
          pixelValues: pixels && golden.input(pixels),
        },
        resolveGenerationConfig(recordedOptions(entry.config), { defaults }),
        { logProbs: recorded !== undefined },
      );
      const checks: Check[] = [
        { ...check, quantity: 'sequences', ...compareExactly(found.sequences, entry.sequences) },
      ];
      if (entry.sequences_scores) {
        const result = compareNumbers(found.sequencesScores ?? [], entry.sequences_scores, tolerances.logProbs);
        checks.push({ ...check, quantity: 'scores', ...result });
      }
      if (recorded !== undefined) {
        const expected = Array.from(golden.recorded(recorded).toNumbers());
        const actual = (found.logProbs ?? []).flatMap(rows => rows.flatMap(row => [...row]));
        checks.push({
          ...check,
          quantity: 'log-probabilities',
          ...compareNumbers(actual, expected, tolerances.logProbs),
        });
      }
      return checks;
    });
  }
}

/** What a case asks for; a null `eos_token_id` means that nothing ends the sequence. */
export function recordedOptions(config: Record<string, unknown>): GenerationOptions {
  const options = fromGenerationConfigJson(config, 'golden.json');
  return config.eos_token_id === null ? { ...options, eosTokenId: null } : options;
}
