/**
 * A program of a model, run where it can do nothing but compute: QuickJS compiled to WebAssembly, without files, network, clock or
 * chance, with a limit of memory, of stack and of time.
 */
import type { QuickJSWASMModule } from 'quickjs-emscripten';
import { messageOf } from '../../support/errors.ts';

export interface ProgramLimits {
  /** Bytes. Default 16 MiB. */
  memory?: number;
  /** Milliseconds. Default 500. */
  time?: number;
}

export type ProgramResult =
  /** What the program called `answer`, else its last expression; what it printed. */
  { ok: true; value: unknown; output: string } | { ok: false; error: string; output: string };

let module: Promise<QuickJSWASMModule> | undefined;

/** Runs JavaScript. Never throws for what the program does. */
export async function runProgram(
  code: string,
  { memory = 2 ** 24, time = 500 }: ProgramLimits = {},
): Promise<ProgramResult> {
  module ??= import('quickjs-emscripten').then(({ getQuickJS }) => getQuickJS());
  const quickJs = await module;
  const runtime = quickJs.newRuntime();
  try {
    runtime.setMemoryLimit(memory);
    runtime.setMaxStackSize(2 ** 18);
    const deadline = performance.now() + time;
    let isLate = false;
    runtime.setInterruptHandler(() => {
      isLate = performance.now() > deadline;
      return isLate;
    });
    const context = runtime.newContext();
    let output = '';
    const print = context.newFunction('print', (...values) => {
      if (output.length < MOST_OUTPUT) output += `${values.map(value => String(context.dump(value))).join(' ')}\n`;
    });
    const console = context.newObject();
    context.setProp(console, 'log', print);
    context.setProp(context.global, 'console', console);
    context.setProp(context.global, 'print', print);
    context.unwrapResult(context.evalCode('Math.random = () => 0.5; Date = undefined;')).dispose();
    try {
      const result = context.evalCode(code);
      if (result.error) {
        const thrown: unknown = context.dump(result.error);
        result.error.dispose();
        const error = isLate ? `it took more than ${time} ms` : describe(thrown);
        return { ok: false, error, output };
      }
      const last: unknown = context.dump(result.value);
      result.value.dispose();
      // `const answer` is no property of the global object.
      const own = context.evalCode('typeof answer === "undefined" ? undefined : answer');
      const named: unknown = own.error ? undefined : context.dump(own.value);
      (own.error ?? own.value).dispose();
      return { ok: true, value: named ?? last, output };
    } finally {
      console.dispose();
      print.dispose();
      context.dispose();
    }
  } catch (error) {
    return { ok: false, error: messageOf(error), output: '' };
  } finally {
    try {
      runtime.dispose();
    } catch {
      // Out of memory it cannot be taken down in order: the next program gets a module of its own.
      module = undefined;
    }
  }
}

const MOST_OUTPUT = 10_000;

function describe(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return String(thrown);
  const { name = 'Error', message = '' } = thrown as { name?: string; message?: string };
  return `${name}: ${message}`;
}
