/** The SDK's tools as chat templates and constraints know them. */
import type { LanguageModelV3CallOptions, LanguageModelV3FunctionTool } from '@ai-sdk/provider';
import type { ConstraintRequest, ModelCard } from '../engine/protocol.ts';
import { toolConstraint } from '../engine/tools/tool-constraint.ts';

export type FunctionTool = LanguageModelV3FunctionTool;

/** Notes a feature that is not supported. */
export type Warn = (feature: string, details?: string) => void;

/** The functions that the model may call. */
export function callableTools(
  { tools = [], toolChoice }: LanguageModelV3CallOptions,
  { hasChatTemplate }: ModelCard,
  warn: Warn,
): FunctionTool[] {
  if (tools.length === 0 || toolChoice?.type === 'none') return [];
  if (!hasChatTemplate) {
    warn('tools', 'the model has no chat template that could show them');
    return [];
  }
  return tools.filter(tool => {
    if (tool.type !== 'function') {
      warn(`tool ${tool.id}`, 'only functions are supported');
      return false;
    }
    if (tool.inputExamples) warn(`tool ${tool.name}: inputExamples`);
    if (tool.strict && (toolChoice?.type ?? 'auto') === 'auto') {
      warn(`tool ${tool.name}: strict`, 'arguments are constrained to their schema where toolChoice asks for a call');
    }
    return true;
  }) as FunctionTool[];
}

/** What the text must follow where it must be a call. */
export function callConstraint(
  { toolChoice }: LanguageModelV3CallOptions,
  tools: readonly FunctionTool[],
): ConstraintRequest | undefined {
  if (tools.length === 0 || toolChoice === undefined || toolChoice.type === 'auto') return undefined;
  const functions = tools.map(({ name, inputSchema }) => ({ name, parameters: { ...inputSchema } }));
  return toolConstraint(functions, toolChoice.type === 'tool' ? { name: toolChoice.toolName } : 'required', true);
}

export const templateTool = ({ name, description = '', inputSchema }: FunctionTool): Record<string, unknown> => ({
  type: 'function',
  function: { name, description, parameters: inputSchema },
});
