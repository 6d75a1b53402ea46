/** A prompt file with a model: examples that are chosen, a strategy that is ready, and what it needs beside the model. */
import { resolve } from 'node:path';
import { openEngine } from '../engine/open-engine.ts';
import { usageError } from '../support/errors.ts';
import type { Completer } from './completer.ts';
import { readExamples, readRows } from './examples/read-examples.ts';
import { createSelector } from './examples/select.ts';
import type { Problem } from './program/problem.ts';
import type { PromptFile } from './program/prompt-file.ts';
import type { Fields } from './program/signature.ts';
import { type ChosenStrategy, chooseStrategy, runStrategy, type StrategyResult } from './strategies/run-strategy.ts';
import type { SessionOptions } from './strategies/session.ts';
import { calculator, searchTool, type Tool } from './strategies/tools.ts';
import { classifierVerifier, selfVerifier, type Verifier } from './strategies/verifier.ts';

export interface OpenPrompt extends AsyncDisposable {
  readonly file: PromptFile;
  readonly completer: Completer;
  readonly strategy: ChosenStrategy;
  /** What the model is asked about some fields, with the examples chosen for them. */
  problem(fields: Fields, where?: string, signal?: AbortSignal): Promise<Problem>;
  solve(problem: Problem, settings?: SessionOptions): Promise<StrategyResult>;
}

export interface OpenPromptOptions {
  /** In place of the file's examples. */
  examples?: readonly Fields[];
  /** More tools than the file names. */
  tools?: readonly Tool[];
}

/** @throws UserError that names the file for what it says and cannot be */
export async function openPrompt(
  file: PromptFile,
  completer: Completer,
  { examples, tools = [] }: OpenPromptOptions = {},
): Promise<OpenPrompt> {
  const { prompt, options, path } = file;
  const own = withFiles(options.strategy, file);
  const strategy = chooseStrategy(own, path);
  const choose = examples
    ? async () => [...examples]
    : createSelector(
        options.examples ? readExamples(options.examples, file.folder) : [],
        options.examples ?? { select: 'fixed', by: 'bm25', lambda: 0.5, seed: 0 },
        { prompt, completer },
      );
  const { verifier, close } = await openVerifier(options.verifier, file, completer);
  const passages = (own.passages as string[] | undefined) ?? [];
  const all = [calculator, ...(passages.length > 0 ? [searchTool(passages)] : []), ...tools];
  return {
    file,
    completer,
    strategy,
    problem: async (fields, where = prompt.name, signal) => prompt.problem(fields, await choose(fields, signal), where),
    solve: (problem, settings) => runStrategy(strategy, problem, completer, { verifier, tools: all, ...settings }),
    [Symbol.asyncDispose]: close,
  };
}

/** Options that are files are read: rows of `questions`, lines of `passages`. */
function withFiles(
  strategy: { name: string } & Record<string, unknown>,
  { folder }: PromptFile,
): { name: string } & Record<string, unknown> {
  const { questions, passages } = strategy;
  return {
    ...strategy,
    ...(typeof questions === 'string' && { questions: readRows(resolve(folder, questions)) }),
    ...(typeof passages === 'string' && {
      passages: readRows(resolve(folder, passages)).map(row => String(row.text ?? JSON.stringify(row))),
    }),
  };
}

async function openVerifier(
  name: string | undefined,
  { folder, path }: PromptFile,
  completer: Completer,
): Promise<{ verifier?: Verifier; close: () => Promise<void> }> {
  if (name === undefined) return { close: async () => {} };
  if (name === 'self') return { verifier: selfVerifier(completer), close: async () => {} };
  const engine = await openEngine(resolve(folder, name)).catch(error => {
    throw usageError(
      'TSLM_NO_VERIFIER',
      `${path}: verifier ${name}: ${String((error as Error).message)}`,
      'name the folder of a model',
    );
  });
  try {
    return { verifier: classifierVerifier(engine), close: () => engine.close() };
  } catch (error) {
    await engine.close();
    throw error;
  }
}
