/** The smaller model of `tslm generate --assistant`, or the heads of the model itself. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { GenerationOptions } from '../generate/config/generation-options.ts';
import type { ForInferenceOptions } from '../models/load-for-inference.ts';
import type { Model } from '../models/model.ts';
import type { MultiTokenHeads } from '../models/multi-token-heads.ts';
import { usageError } from '../support/errors.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/**
 * An assistant, and how its own generation_config.json wants it to guess.
 *
 * @param name a model, or a folder of heads that were trained by `multi-token` with the model that they assist
 * @param model that it assists, with its tokenizer
 * @param options how the model that it assists was loaded
 * @throws UserError when its tokens are others, or the heads are those of another model
 */
export async function loadAssistant(
  name: string,
  { model, tokenizer }: { model: Model; tokenizer: Tokenizer },
  options: ForInferenceOptions,
): Promise<{ assistant: Model | MultiTokenHeads; options: GenerationOptions }> {
  const { HEADS_FILE, loadMultiTokenHeads } = await import('../models/multi-token-heads.ts');
  if (existsSync(join(name, HEADS_FILE))) return { assistant: loadMultiTokenHeads(name, model), options: {} };
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
