/** A model that calls the tool it is given three times after each question, thinks aloud where it may, and then answers. */
import type { GenerationRequest } from '../../../src/engine/protocol.ts';
import { ROUNDS } from './rounds.ts';

export function scripted({ prompt, constraint }: GenerationRequest): string {
  if (!('messages' in prompt)) return 'Once.';
  if (constraint) return '{"town":"Rom","sunny":true}';
  const { messages, tools = [] } = prompt;
  const asked = messages.findLastIndex(({ role }) => role === 'user');
  const rounds = messages.slice(asked).filter(({ role }) => role === 'tool').length;
  if (tools.length === 0 || rounds === ROUNDS) return `<think>I know.</think>Asked ${rounds} times.`;
  return `<tool_call>{"name":"weather","arguments":{"town":"Rom ${rounds}"}}</tool_call>`;
}
