/** The SDK's messages as chat templates read them (Transformers' conventions), or as one text. */
import type { LanguageModelV3Message, LanguageModelV3Prompt, LanguageModelV3ToolResultPart } from '@ai-sdk/provider';
import { type UserError, usageError } from '../support/errors.ts';
import type { ChatMessage } from '../tokenizers/chat/chat.ts';

type Part = Exclude<LanguageModelV3Message['content'], string>[number];

/** @throws UserError for what is no text: files, and tools that a provider runs itself */
export const chatMessages = (prompt: LanguageModelV3Prompt): ChatMessage[] => prompt.flatMap(messagesOf);

function messagesOf(message: LanguageModelV3Message): ChatMessage[] {
  switch (message.role) {
    case 'system':
      return [{ role: 'system', content: message.content }];
    case 'user':
      return [{ role: 'user', content: textOf(message.content) }];
    case 'assistant':
      return [assistantMessage(message.content)];
    case 'tool':
      return message.content.map(part => {
        if (part.type !== 'tool-result') throw notSupported(part.type);
        return { role: 'tool', tool_call_id: part.toolCallId, name: part.toolName, content: resultText(part.output) };
      });
  }
}

function assistantMessage(parts: readonly Part[]): ChatMessage {
  const reasoning = parts.flatMap(part => (part.type === 'reasoning' ? [part.text] : [])).join('');
  const calls = parts.flatMap(part =>
    part.type === 'tool-call'
      ? [{ id: part.toolCallId, type: 'function', function: { name: part.toolName, arguments: part.input } }]
      : [],
  );
  const said = parts.filter(part => part.type !== 'reasoning' && part.type !== 'tool-call');
  return {
    role: 'assistant',
    content: textOf(said),
    ...(reasoning !== '' && { reasoning_content: reasoning }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

const textOf = (parts: readonly Part[]): string =>
  parts
    .map(part => {
      if (part.type !== 'text') throw notSupported(part.type);
      return part.text;
    })
    .join('');

function resultText(output: LanguageModelV3ToolResultPart['output']): string {
  switch (output.type) {
    case 'text':
    case 'error-text':
      return output.value;
    case 'json':
    case 'error-json':
      return JSON.stringify(output.value);
    case 'execution-denied':
      return output.reason ?? 'The call was denied.';
    case 'content':
      return output.value
        .map(part => {
          if (part.type !== 'text') throw notSupported(part.type);
          return part.text;
        })
        .join('');
  }
}

/**
 * The text that a model without a chat template reads: one message of the user, behind what the system says.
 *
 * @throws UserError when there is a conversation
 */
export function plainText(prompt: LanguageModelV3Prompt): string {
  const messages = chatMessages(prompt);
  const isOneText = messages.every(({ role }, i) => role === (i === messages.length - 1 ? 'user' : 'system'));
  if (isOneText) return messages.map(({ content }) => content).join('\n\n');
  throw usageError(
    'TSLM_CHAT_TEMPLATE',
    'the model has no chat template, so it reads one text and no conversation',
    'give a prompt, or use a model that was trained on conversations',
  );
}

const notSupported = (type: string): UserError =>
  usageError('TSLM_NOT_SUPPORTED', `a part of type '${type}' is not supported in messages`, 'give its content as text');
