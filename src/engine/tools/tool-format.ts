/** How a model writes calls of functions: told from its chat template, since that is what it was trained with. */
import type { ToolFormat } from '../protocol.ts';

/**
 * - `hermes`: `<tool_call>{"name": …, "arguments": …}</tool_call>` (Nous Hermes, Qwen), anywhere in the text
 * - `llama3`: the text is `{"name": …, "parameters": …}` (Llama 3.1 and later)
 * - `mistral`: the text is `[TOOL_CALLS][{"name": …, "arguments": …}, …]`
 *
 * A template that names none of these gets `hermes`: the words around its tools then have to ask for it.
 */
export function toolFormatOf(template: string): ToolFormat {
  if (template.includes('[TOOL_CALLS]')) return 'mistral';
  if (template.includes('<tool_call>')) return 'hermes';
  if (template.includes('<|python_tag|>') || template.includes('dictionary of argument name')) return 'llama3';
  return 'hermes';
}
