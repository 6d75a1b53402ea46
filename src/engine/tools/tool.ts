/** Functions that a model may call, and which of them it must. */

export interface FunctionTool {
  name: string;
  description?: string | null;
  /** A JSON Schema of its arguments. */
  parameters?: Record<string, unknown> | null;
  /** Whether the arguments must fit the schema. */
  strict?: boolean | null;
}

export type ToolChoice = 'none' | 'auto' | 'required' | { name: string };
