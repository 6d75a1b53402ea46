/** The tokens of a prompt, whichever form a request gives it in. */
import { instructionFor } from '../tasks/text-to-text.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import type { Prompt } from './protocol.ts';

/** @param modelConfig config.json, which may say what the model is told for a task */
export function promptIds(
  tokenizer: Tokenizer,
  prompt: Prompt,
  modelConfig: Record<string, unknown>,
  { addSpecialTokens = true }: { addSpecialTokens?: boolean } = {},
): number[] {
  if ('ids' in prompt) return [...prompt.ids];
  if ('text' in prompt) {
    if (!prompt.task) return tokenizer.encode(prompt.text, { addSpecialTokens }).ids;
    const { prefix, prefixIds } = instructionFor(modelConfig, tokenizer, prompt.task);
    return [...prefixIds, ...tokenizer.encode(prefix + prompt.text).ids];
  }
  const { messages, tools, variables, continueFinalMessage = false } = prompt;
  const text = tokenizer.applyChatTemplate(messages, {
    tools,
    variables,
    continueFinalMessage,
    addGenerationPrompt: !continueFinalMessage,
  });
  return tokenizer.encode(text, { addSpecialTokens: false }).ids;
}
