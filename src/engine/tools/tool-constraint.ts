/** The JSON Schema that an answer follows when it must call a function. */
import type { ConstraintRequest } from '../protocol.ts';
import type { FunctionTool, ToolChoice } from './tool.ts';

/** Calls in one answer: a model that does not end on its own writes no more. */
const MOST_CALLS = 8;

/**
 * One call, `{"name": …, "arguments": …}`, or where several are allowed a list of them.
 *
 * @returns undefined where the model may also say something
 */
export function toolConstraint(
  tools: readonly FunctionTool[],
  choice: ToolChoice,
  isParallel: boolean,
): ConstraintRequest | undefined {
  if (choice === 'auto' || choice === 'none') return undefined;
  const allowed = choice === 'required' ? tools : tools.filter(({ name }) => name === choice.name);
  const $defs = Object.fromEntries(allowed.map((tool, i) => [`tool${i}`, parametersOf(tool, `#/$defs/tool${i}`)]));
  const calls = allowed.map((tool, i) => ({
    type: 'object',
    properties: { name: { const: tool.name }, arguments: { $ref: `#/$defs/tool${i}` } },
    required: ['name', 'arguments'],
    additionalProperties: false,
  }));
  const call = calls.length === 1 ? calls[0] : { anyOf: calls };
  const isList = choice === 'required' && isParallel;
  return {
    kind: 'jsonSchema',
    schema: isList ? { type: 'array', items: call, minItems: 1, maxItems: MOST_CALLS, $defs } : { ...call, $defs },
  };
}

function parametersOf({ parameters }: FunctionTool, place: string): unknown {
  if (parameters == null) return { type: 'object', additionalProperties: false };
  return moveReferences({ type: 'object', ...parameters }, place);
}

/** References inside of a schema that becomes a part of another: `#/$defs/x` is then `#/$defs/tool0/$defs/x`. */
function moveReferences(schema: unknown, place: string): unknown {
  if (Array.isArray(schema)) return schema.map(one => moveReferences(one, place));
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key,
      key === '$ref' && typeof value === 'string' && value.startsWith('#')
        ? place + value.slice(1)
        : key === 'const' || key === 'enum' || key === 'default' || key === 'examples'
          ? value
          : moveReferences(value, place),
    ]),
  );
}
