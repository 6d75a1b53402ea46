/** Problems and files for tests of prompts. */

import type { Completer } from '../../src/prompt/completer.ts';
import type { Problem } from '../../src/prompt/program/problem.ts';
import { createPromptFile, type PromptFile } from '../../src/prompt/program/prompt-file.ts';
import { chooseStrategy, runStrategy, type StrategyResult } from '../../src/prompt/strategies/run-strategy.ts';
import type { SessionOptions } from '../../src/prompt/strategies/session.ts';

export const mathFile = (changes: Record<string, unknown> = {}): PromptFile =>
  createPromptFile(
    {
      fields: { question: 'string' },
      template: 'Q: {{ question }}\nA:',
      answer: ' The answer is {{ target }}.',
      parser: { kind: 'pattern', pattern: 'The answer is (.*?)\\.', as: 'number' },
      ...changes,
    },
    'math.yaml',
  );

export const sum = (changes: Record<string, unknown> = {}): Problem =>
  mathFile(changes).prompt.problem({ question: 'What is 2 + 3?' });

/** A strategy by name, put to a problem. */
export const solve = (
  name: string,
  completer: Completer,
  { options = {}, problem = sum(), ...settings }: SessionOptions & { options?: object; problem?: Problem } = {},
): Promise<StrategyResult> => runStrategy(chooseStrategy({ name, ...options }, 'test'), problem, completer, settings);
