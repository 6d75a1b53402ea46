/** Tools that ReAct may call: typed, with a limit of time, and harmless when they throw or hang. */
import { z } from 'zod';
import { messageOf } from '../../support/errors.ts';
import { bm25 } from '../examples/bm25.ts';
import { runProgram } from '../sandbox/run-program.ts';

export interface Tool<Input = unknown> {
  name: string;
  description: string;
  /** What it is called with: JSON of this form, or a plain text where it is a string. */
  input: z.ZodType<Input>;
  run(input: Input, signal: AbortSignal): Promise<unknown>;
  /** Milliseconds. Default 10,000. */
  timeout?: number;
}

export const tool = <Input>(own: Tool<Input>): Tool => own as unknown as Tool;

/** What a tool answers, as the model reads it; what goes wrong is told in words. */
export async function callTool(
  tools: readonly Tool[],
  name: string,
  given: string,
  signal?: AbortSignal,
): Promise<string> {
  const found = tools.find(one => one.name.toLowerCase() === name.toLowerCase());
  if (!found) return `There is no tool ${name}. There are: ${tools.map(one => one.name).join(', ')}.`;
  const input = found.input.safeParse(given).success ? given : jsonOf(given);
  const checked = found.input.safeParse(input);
  if (!checked.success) return `Wrong input: ${z.prettifyError(checked.error).replaceAll('\n', ' ')}`;
  const { timeout = 10_000 } = found;
  const limit = AbortSignal.timeout(timeout);
  const both = signal ? AbortSignal.any([signal, limit]) : limit;
  // A tool that does not listen to the signal is left behind.
  const left = new Promise<never>((_, reject) =>
    both.addEventListener('abort', () => reject(both.reason), { once: true }),
  );
  left.catch(() => {});
  try {
    const result = await Promise.race([found.run(checked.data, both), left]);
    return typeof result === 'string' ? result : JSON.stringify(result);
  } catch (error) {
    signal?.throwIfAborted();
    return limit.aborted ? `The tool took more than ${timeout} ms.` : `The tool failed: ${messageOf(error)}`;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Arithmetic, or any JavaScript expression, in the sandbox. */
export const calculator = tool({
  name: 'calculate',
  description: 'the value of an expression, such as (3 + 4) * 2',
  input: z.string().min(1),
  async run(expression) {
    const result = await runProgram(expression.replaceAll('^', '**'));
    return result.ok ? String(result.value) : Promise.reject(new Error(result.error));
  },
});

/** Passages that are about some words. */
export function searchTool(passages: readonly string[], { count = 2 }: { count?: number } = {}): Tool {
  const index = bm25(passages);
  return tool({
    name: 'search',
    description: 'passages about some words',
    input: z.string().min(1),
    run: async words =>
      index
        .search(words)
        .slice(0, count)
        .filter(({ score }) => score > 0)
        .map(({ index: i }) => passages[i])
        .join('\n') || 'Nothing was found.',
  });
}
