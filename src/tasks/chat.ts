/** The next message of a conversation, after the tokenizer's chat template. */
import type { GeneratedText, TextPiece } from '../generate/text.ts';
import type { Model } from '../models/model.ts';
import type { ChatMessage, ChatOptions, Tokenizer } from '../tokenizers/tokenizer.ts';
import { streamWriting, type Writing, type WritingOptions, write, writingConfig } from './generation.ts';

export interface ChatTaskOptions extends WritingOptions {
  /** For the template: tools, variables, the template itself. The answer begins after its generation prompt. */
  template?: Omit<ChatOptions, 'addGenerationPrompt'>;
}

/** An answer with its message, to be appended to the conversation. */
export interface ChatAnswer extends GeneratedText {
  message: { role: 'assistant'; content: string };
}

/**
 * The assistant's answer; with `numReturnSequences` several.
 *
 * @throws UserError when there is no template, or the conversation does not fit the model
 */
export const answerChat = (
  model: Model,
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  options: ChatTaskOptions = {},
): ChatAnswer[] => {
  const { template: _, ...rest } = options;
  return write(model, tokenizer, conversation(tokenizer, messages, options), rest).map(answer => ({
    ...answer,
    message: { role: 'assistant', content: answer.text },
  }));
};

/** `answerChat` piece by piece. */
export function streamChat(
  model: Model,
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  options: ChatTaskOptions = {},
): Generator<TextPiece, void> {
  const { template: _, ...rest } = options;
  return streamWriting(model, tokenizer, conversation(tokenizer, messages, options), rest);
}

function conversation(
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  { template = {}, ...options }: ChatTaskOptions,
): Writing {
  const addGenerationPrompt = !template.continueFinalMessage;
  const prompt = tokenizer.applyChatTemplate(messages, { ...template, addGenerationPrompt });
  return {
    prompts: [prompt],
    inputIds: [tokenizer.encode(prompt, { addSpecialTokens: false }).ids],
    config: writingConfig(tokenizer, options),
  };
}
