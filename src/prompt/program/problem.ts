/** What a strategy is given to solve: one question as the model is asked it, and how its answer is told. */
import type { ConstraintSource } from '../../constrain/index.ts';
import { type PromptText, withPrefill } from '../completer.ts';
import type { Parsed } from './parsers.ts';

/** How a model draws its answer. */
export interface Generation {
  maxTokens: number;
  temperature: number;
  topP?: number;
  topK?: number;
  stop: readonly string[];
}

export interface Problem {
  /** The question alone, as the template has it. */
  question: string;
  /** Instruction, examples and question. */
  prompt: PromptText;
  /** How the model draws where a strategy does not say. */
  generation: Generation;
  /** What answers must follow. */
  constraint?: ConstraintSource;
  /** Where the answers are a fixed set: what each looks like behind the prompt. */
  choices?: readonly { key: string; text: string }[];
  /** The prompt about nothing, which shows what the model prefers whatever is asked. */
  contentFree?: readonly PromptText[];
  /** Null where there is no answer in the text. */
  parse(text: string): Parsed | null;
  /** Another question in the template. */
  ask?(fields: Readonly<Record<string, unknown>>): string;
  /** The question with other examples in front of it, for strategies that choose their own. */
  withExamples?(examples: readonly { question: string; answer: string }[], question?: string): PromptText;
}

/** What a strategy asks in words of its own, in the form of the problem's prompt. */
export const inFormOf = ({ prompt }: Problem, text: string): PromptText =>
  typeof prompt === 'string' ? text : [{ role: 'user', content: text }];

/** The prompt with what was written so far, and what is asked next. */
export const goOn = (prompt: PromptText, written: string, asked: string): PromptText =>
  typeof prompt === 'string'
    ? `${prompt}${written}\n\n${asked}`
    : [...withPrefill(prompt, written), { role: 'user', content: asked }];
