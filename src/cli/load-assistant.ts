/** The smaller model of `tslm generate --assistant`. */
import type { GenerationOptions } from '../generate/config/generation-config.ts';
import type { Model } from '../models/model.ts';
import { usageError } from '../support/errors.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { printNote } from './print.ts';

/**
 * An assistant, and how its own generation_config.json wants it to guess.
 *
 * @param tokenizer of the model that it assists
 * @throws UserError when its tokens are others
 */
export async function loadAssistant(
  name: string,
  tokenizer: Tokenizer,
  device: string,
): Promise<{ assistant: Model; options: GenerationOptions }> {
  const { loadCompleteModel, modelFolder } = await import('../models/auto.ts');
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
    assistant: loadCompleteModel(folder, { device, onNote: printNote }),
    options: { numAssistantTokens, numAssistantTokensSchedule, assistantConfidenceThreshold },
  };
}
