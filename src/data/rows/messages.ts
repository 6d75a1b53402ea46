/** Cells of conversations: messages as OpenAI and Hugging Face write them, and as ShareGPT does. */
import type { ChatMessage } from '../../tokenizers/tokenizer.ts';
import type { Said, Tools } from './rows.ts';

/** What ShareGPT's speakers are called elsewhere. */
const ROLES: Record<string, string> = {
  human: 'user',
  gpt: 'assistant',
  chatgpt: 'assistant',
  bot: 'assistant',
  model: 'assistant',
  observation: 'tool',
  function_response: 'tool',
  function_call: 'assistant',
};

/**
 * A list of messages, a single one, or its JSON text. Keys without a value are left out: tables have the keys of all messages in each.
 *
 * @returns undefined for what is no list of messages, null for an empty one
 */
export function messagesOf(cell: unknown): ChatMessage[] | null | undefined {
  const given = parsed(cell);
  const isOne = typeof given === 'object' && given !== null && ('role' in given || 'from' in given);
  const list = isOne ? [given] : given;
  if (list === null || list === undefined || list === '') return null;
  if (!Array.isArray(list)) return undefined;
  if (list.length === 0) return null;
  const messages = list.map(messageOf);
  return messages.every(message => message !== undefined) ? messages : undefined;
}

function messageOf(value: unknown): ChatMessage | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { from, value: text, ...rest } = value as Record<string, unknown>;
  const isShareGPT = typeof from === 'string' && !('role' in rest);
  const given: Record<string, unknown> = isShareGPT ? spoken(from, text, rest) : (value as Record<string, unknown>);
  const { role, content } = given;
  if (typeof role !== 'string') return undefined;
  if (content !== null && content !== undefined && typeof content !== 'string' && !Array.isArray(content)) {
    return undefined;
  }
  const message = Object.fromEntries(Object.entries(given).filter(([, field]) => field !== null));
  if (Array.isArray(message.tool_calls)) message.tool_calls = message.tool_calls.map(withArguments);
  return message as ChatMessage;
}

function spoken(from: string, text: unknown, rest: object): Record<string, unknown> {
  const role = ROLES[from] ?? from;
  const call = from === 'function_call' ? parsed(text) : undefined;
  if (typeof call !== 'object' || call === null) return { ...rest, role, content: text };
  const calls = (Array.isArray(call) ? call : [call]).map(one => ({ type: 'function', function: one }));
  return { ...rest, role, content: '', tool_calls: calls };
}

/** Templates read the arguments of a call as an object; OpenAI writes them as JSON text. */
function withArguments(call: unknown): unknown {
  const { function: called, ...rest } = (call ?? {}) as { function?: { arguments?: unknown } };
  if (typeof called?.arguments !== 'string') return call;
  const given = parsed(called.arguments);
  return typeof given === 'object' && given !== null ? { ...rest, function: { ...called, arguments: given } } : call;
}

/** A text, or messages. */
export function saidOf(cell: unknown): Said | null | undefined {
  if (typeof cell !== 'string') return messagesOf(cell);
  const list = /^\s*\[\s*\{/.test(cell) ? messagesOf(cell) : undefined;
  return list ?? (cell.trim() === '' ? null : cell);
}

/** Schemas of functions, or their JSON text. */
export function toolsOf(cell: unknown): Tools | null | undefined {
  const tools = parsed(cell);
  if (tools === null || tools === undefined || tools === '') return null;
  if (!Array.isArray(tools) || !tools.every(tool => typeof tool === 'object' && tool !== null)) return undefined;
  return tools.length === 0 ? null : (tools as Tools);
}

/** JSON text as what it says; anything else as it is. */
function parsed(cell: unknown): unknown {
  if (typeof cell !== 'string' || !/^\s*[[{]/.test(cell)) return cell;
  try {
    return JSON.parse(cell);
  } catch {
    return cell;
  }
}
