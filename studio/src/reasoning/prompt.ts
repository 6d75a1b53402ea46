/** A prompt as the page has it, what is sent of it, and the file that `tslm prompt` reads. */
import type { StrategyInfo } from '../server/reasoning.ts';
import { fillIn, variablesOf } from './template.ts';

export type ParserKind = 'number' | 'after' | 'text' | 'choice';

export interface Prompt {
  instruction: string;
  template: string;
  /** What an example's answer looks like; `{{ target }}` is the right answer. */
  answer: string;
  chat: boolean;
  parser: ParserKind;
  /** Of `after`. */
  mark: string;
  /** Of `choice`, with commas between them. */
  choices: string;
  maxTokens: number;
  /** With line breaks as `\n`; empty: none. */
  stop: string;
  strategy: string;
  /** Of the strategy, in place of its defaults. */
  options: Record<string, unknown>;
}

/** A row of the table: values of the variables, the right answer, and whether it is shown as an example. */
export interface Case {
  id: number;
  values: Record<string, string>;
  target: string;
  isExample: boolean;
}

const choicesOf = ({ choices }: Prompt): string[] =>
  choices
    .split(',')
    .map(one => one.trim())
    .filter(one => one !== '');

const unescaped = (text: string): string => text.replaceAll('\\n', '\n');

const parserOf = (prompt: Prompt): object => {
  const { parser: kind, mark } = prompt;
  if (kind === 'after') return { kind, mark };
  return kind === 'choice' ? { kind, choices: choicesOf(prompt) } : { kind };
};

/** A body of `/studio/api/reason`. */
export function requestOf(
  model: string,
  prompt: Prompt,
  values: Record<string, string>,
  { examples, target, seed }: { examples: readonly Case[]; target: string; seed: number },
): object {
  const { instruction, template, answer, chat, maxTokens, stop, strategy, options } = prompt;
  return {
    model,
    question: fillIn(template, values),
    instruction,
    chat,
    examples: examples.map(one => ({
      question: fillIn(template, one.values),
      answer: fillIn(answer, { ...one.values, target: one.target }),
    })),
    parser: parserOf(prompt),
    strategy: { name: strategy, ...options },
    generation: { maxTokens, ...(stop !== '' && { stop: [unescaped(stop)] }) },
    target,
    seed,
  };
}

const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/** As a prompt file; JSON is YAML. */
export function fileOf(prompt: Prompt, cases: readonly Case[]): string {
  const { instruction, template, answer, chat, parser, mark, maxTokens, stop, strategy, options } = prompt;
  const file = {
    fields: Object.fromEntries(variablesOf(template).map(name => [name, 'string'])),
    ...(instruction !== '' && { instruction }),
    template,
    answer,
    chat,
    examples: { rows: cases.filter(one => one.isExample).map(({ values, target }) => ({ ...values, target })) },
    parser:
      parser === 'after'
        ? { kind: 'pattern', pattern: `${literally(mark)}\\s*([^\\n]*?)\\.?(?:\\n|$)` }
        : parserOf(prompt),
    ...(parser === 'after' && { mark }),
    strategy: { name: strategy, ...options },
    generation: { maxTokens, ...(stop !== '' && { stop: [unescaped(stop)] }) },
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** Options that a form can ask for. */
export const formOptions = (
  info: StrategyInfo | undefined,
): [name: string, schema: StrategyInfo['options'][string]][] =>
  Object.entries(info?.options ?? {}).filter(
    ([, { type, enum: choices }]) =>
      choices !== undefined || type === 'integer' || type === 'number' || type === 'boolean' || type === 'string',
  );
