/** The smaller model of `tslm generate --assistant`. */
import type { GenerationOptions } from '../generate/config/generation-options.ts';
import type { ForInferenceOptions } from '../models/load-for-inference.ts';
import type { Model } from '../models/model.ts';
import { usageError } from '../support/errors.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/**
 * An assistant, and how its own generation_config.json wants it to guess.
 *
 * @param tokenizer of the model that it assists
 * @param options how the model that it assists was loaded
 * @throws UserError when its tokens are others
 */
export async function loadAssistant(
  name: string,
  tokenizer: Tokenizer,
  options: ForInferenceOptions,
): Promise<{ assistant: Model; options: GenerationOptions }> {
  const { modelFolder } = await import('../models/auto.ts');
  const { loadForInference } = await import('../models/load-for-inference.ts');
  const { modelGenerationDefaults } = await import('../generate/config/model-defaults.ts');
  const { Tokenizer } = await import('../tokenizers/tokenizer.ts');
  const folder = modelFolder(name);
  const own = Tokenizer.fromFile(folder);
  const count = Math.min(own.vocabSize, tokenizer.vocabSize);
  for (let id = 0; id < count; id++) {
    const [there, here] = [own, tokenizer].map(one => one.idToToken(id));
    if (there === here) continue;
    throw usageError(
      'TSLM_BAD_ASSISTANT',
      `${folder}: token ${id} is ${JSON.stringify(there)} there and ${JSON.stringify(here)} here`,
      'use an assistant with the same tokenizer',
    );
  }
  const { numAssistantTokens, numAssistantTokensSchedule, assistantConfidenceThreshold } =
    modelGenerationDefaults(folder);
  return {
    assistant: loadForInference(folder, options),
    options: { numAssistantTokens, numAssistantTokensSchedule, assistantConfidenceThreshold },
  };
}
