/** The text before an answer: instruction, description, examples and the question, as one text or as a conversation. */
import { usageError } from '../../support/errors.ts';
import type { ChatMessage } from '../../tokenizers/tokenizer.ts';
import type { Doc } from './datasets.ts';
import { choicesOf, hasChoices, optionalField, targetOf, textOf, type Where } from './fields.ts';
import { leavesOut, type Task } from './task.ts';

export interface PromptOptions {
  systemInstruction?: string;
  /** Renders a conversation; without it texts are joined. */
  chatTemplate?: (messages: readonly ChatMessage[], options: { addGenerationPrompt: boolean }) => string;
  /** With a template: examples are turns of their own, and not all in one message. Default false. */
  fewshotAsMultiturn?: boolean;
}

interface Message {
  role: 'system' | 'user' | 'assistant';
  content: string;
  /** What follows it where texts are joined. */
  delimiter: string;
}

/** One context; of a task whose choices are contexts one for each. */
export function promptOf(task: Task, doc: Doc, where: Where, options: PromptOptions = {}): string | string[] {
  const { config } = task;
  const prefix = prefixOf(task, doc, where);
  const description = optionalField(doc, config.description, `${where}: description`);
  const system = joined(options.systemInstruction, description, config.fewshot_delimiter);
  const before: Message[] = system ? [{ role: 'system', content: system, delimiter: '' }] : [];
  for (const example of task.shots > 0 ? task.sampler!.sample(task.shots, leavesOut(task) ? doc : undefined) : []) {
    before.push(...exampleTurn(task, example, where));
  }
  const finish = (messages: readonly Message[]): string =>
    rendered(messages, options, prefix === undefined || prefix === '');
  if (task.hasContexts) {
    return choicesOf(task, doc, where).map(text =>
      finish([...before, ...turn({ question: text, prefix, delimiter: '', where })]),
    );
  }
  const question = requireText(textOf(task, doc, where), where);
  return finish([...before, ...turn({ question, prefix, delimiter: config.target_delimiter, where })]);
}

/** What the answer is made to begin with. */
function prefixOf({ config, columns }: Task, doc: Doc, where: Where): string | undefined {
  const { gen_prefix: field } = config;
  if (field == null) return undefined;
  return columns.has(field) ? String(doc[field]) : (optionalField(doc, field, `${where}: gen_prefix`) ?? '');
}

function exampleTurn(task: Task, doc: Doc, where: Where): Message[] {
  const own = task.config.fewshot_config ?? {};
  const text = textOf(task, doc, `${where}: an example`, own.doc_to_text ?? undefined);
  const choiceField = own.doc_to_choice ?? task.config.doc_to_choice;
  const isChosen = choiceField !== undefined || hasChoices(task);
  const choices = isChosen ? choicesOf(task, doc, `${where}: an example`, choiceField) : undefined;
  const target = targetOf(task, doc, `${where}: an example`, own.doc_to_target ?? undefined);
  return turn({
    question: requireText(task.hasContexts ? choices![text as number] : text, where),
    choices: task.hasContexts ? undefined : choices,
    answer: target,
    prefix: optionalField(doc, own.gen_prefix ?? task.config.gen_prefix, `${where}: gen_prefix`),
    delimiter: own.target_delimiter ?? task.config.target_delimiter,
    end: own.fewshot_delimiter ?? task.config.fewshot_delimiter,
    where,
  });
}

interface Turn {
  question: string;
  choices?: readonly string[];
  answer?: unknown;
  prefix?: string;
  /** Between question and answer. */
  delimiter: string;
  /** Behind the answer. */
  end?: string;
  where: Where;
}

function turn({ question, choices, answer, prefix, delimiter, end = '\n\n', where }: Turn): Message[] {
  const hasAnswer = answer !== undefined && answer !== null && answer !== '';
  const isApart = prefix ? needsDelimiter(question, prefix) : hasAnswer;
  const user: Message = { role: 'user', content: question, delimiter: isApart ? delimiter : '' };
  if (!hasAnswer) return prefix ? [user, { role: 'assistant', content: prefix, delimiter: '' }] : [user];
  const text = choices && typeof answer === 'number' ? choices[answer] : Array.isArray(answer) ? answer[0] : answer;
  return [user, { role: 'assistant', content: joined(prefix, requireText(text, where), ' '), delimiter: end }];
}

function rendered(
  messages: readonly Message[],
  { chatTemplate, fewshotAsMultiturn = false }: PromptOptions,
  addGenerationPrompt: boolean,
): string {
  const text = (all: readonly Message[]): string => all.map(({ content, delimiter }) => content + delimiter).join('');
  if (!chatTemplate) return text(messages);
  const plain = ({ role, content }: Message): ChatMessage => ({ role, content });
  if (fewshotAsMultiturn) return chatTemplate(messages.map(plain), { addGenerationPrompt });
  const system = messages.filter(({ role }, i) => i === 0 && role === 'system');
  const rest = messages.slice(system.length);
  const last = rest.at(-1)!.role === 'assistant' ? rest.slice(-1) : [];
  const asked = rest.slice(0, rest.length - last.length);
  const question = text(asked.map((message, i) => (i === asked.length - 1 ? { ...message, delimiter: '' } : message)));
  const one: ChatMessage[] = [...system.map(plain), { role: 'user', content: question }, ...last.map(plain)];
  return chatTemplate(one, { addGenerationPrompt });
}

const isSpace = (char: string | undefined): boolean => char !== undefined && /^\s$/u.test(char);

/** With the delimiter between them unless one has white space at the seam. */
export function joined(prefix: string | undefined, suffix: string | undefined, delimiter = ' '): string {
  if (!prefix) return suffix ?? '';
  if (!suffix) return prefix;
  return prefix + (isSpace(prefix.at(-1)) || isSpace(suffix[0]) ? '' : delimiter) + suffix;
}

const needsDelimiter = (prefix: string, suffix: string): boolean =>
  prefix !== '' && !isSpace(prefix.at(-1)) && !isSpace(suffix[0]);

export const endsWithSpace = (text: string): boolean => isSpace(text.at(-1));

function requireText(value: unknown, where: Where): string {
  if (typeof value === 'string') return value;
  throw usageError(
    'TSLM_NOT_TEXT',
    `${where}: ${typeof value === 'number' ? `the number ${value}` : JSON.stringify(value)} stands where a text is needed`,
    'use a template that prints it, or give doc_to_choice',
  );
}
