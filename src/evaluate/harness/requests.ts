/** What a task asks of a model about a document. */

import { usageError } from '../../support/errors.ts';
import type { Doc } from './datasets.ts';
import { choicesOf, targetOf, textOf, type Where } from './fields.ts';
import { endsWithSpace, type PromptOptions, promptOf } from './prompts.ts';
import { pythonStr } from './python-literals.ts';
import type { Task } from './task.ts';

/** What a task asks a model, as in lm-evaluation-harness. */
export type TaskRequest =
  | { kind: 'loglikelihood'; context: string; continuation: string }
  | { kind: 'loglikelihood_rolling'; text: string }
  | { kind: 'generate_until'; context: string; options: Record<string, unknown> }
  | { kind: 'similarity'; text: string; pair: string };

export interface RequestOptions extends PromptOptions {
  /** Options of generation in place of the task's. */
  genKwargs?: Record<string, unknown>;
}

/** @throws UserError that names the document, when it does not give what the task needs */
export function requestsOf(task: Task, doc: Doc, where: Where, options: RequestOptions = {}): TaskRequest[] {
  const { config } = task;
  if (config.output_type === 'similarity') {
    const [text, pair] = [textOf(task, doc, where), textOf(task, doc, where, config.doc_to_pair)];
    return [{ kind: 'similarity', text: String(text), pair: String(pair) }];
  }
  const prompt = promptOf(task, doc, where, options);
  switch (config.output_type) {
    case 'loglikelihood':
      return [{ kind: 'loglikelihood', context: prompt as string, continuation: textTarget(task, doc, where) }];
    case 'loglikelihood_rolling':
      return [{ kind: 'loglikelihood_rolling', text: textTarget(task, doc, where) }];
    case 'generate_until':
      return [
        { kind: 'generate_until', context: prompt as string, options: generationKwargs(task, options.genKwargs) },
      ];
    default:
      return choiceRequests(task, doc, where, prompt, options.chatTemplate !== undefined);
  }
}

function choiceRequests(task: Task, doc: Doc, where: Where, prompt: string | string[], isChat: boolean): TaskRequest[] {
  const { config } = task;
  const choices = choicesOf(task, doc, where);
  if (choices.length === 0)
    throw usageError('TSLM_NOT_CHOICES', `${where}: there are no choices`, 'doc_to_choice is to give at least one');
  const keeps = !isChat || (config.gen_prefix && !endsWithSpace(config.gen_prefix));
  const delimiter = keeps ? config.target_delimiter : '';
  const ask = (context: string, answer: string): TaskRequest => ({
    kind: 'loglikelihood',
    context,
    continuation: delimiter + answer,
  });
  const asked = Array.isArray(prompt)
    ? prompt.map(context => ask(context, pythonStr(targetOf(task, doc, where))))
    : choices.map(choice => ask(prompt, choice));
  const isRelative = config.metric_list?.some(({ metric }) => metric === 'acc_mutual_info');
  return isRelative ? [...asked, ...choices.map(choice => ask('', choice))] : asked;
}

function textTarget(task: Task, doc: Doc, where: Where): string {
  const target = targetOf(task, doc, where);
  if (typeof target === 'string') return target;
  throw usageError(
    'TSLM_NOT_TEXT',
    `${where}: doc_to_target gives ${pythonStr(target)}, and a text is needed`,
    'use a template that prints it',
  );
}

/** Without settings greedy answers of at most 256 tokens; without `until` the delimiter of examples ends one. */
export function generationKwargs(
  { config }: Pick<Task, 'config'>,
  changes: Record<string, unknown> = {},
): Record<string, unknown> {
  const { generation_kwargs: own, fewshot_delimiter: delimiter } = config;
  if (own === undefined) return { temperature: 0, do_sample: false, max_gen_toks: 256, until: [delimiter], ...changes };
  return { ...own, ...(own.until === undefined && { until: [delimiter] }), ...changes };
}

const MAX_TOKENS = ['max_gen_toks', 'max_new_tokens', 'max_tokens', 'max_completion_tokens'];

/** The same under one name each: `until` is a list, `max_gen_toks` a number, `do_sample` said. */
export function normalized(kwargs: Readonly<Record<string, unknown>>): {
  until: string[];
  maxNewTokens: number;
  options: Record<string, unknown>;
} {
  const { until = [], ...rest } = kwargs;
  const name = MAX_TOKENS.find(key => rest[key] != null);
  const options = Object.fromEntries(Object.entries(rest).filter(([key]) => !MAX_TOKENS.includes(key)));
  if (options.do_sample === false) options.temperature = 0;
  else if (options.do_sample == null) options.do_sample = Number(options.temperature ?? 0) > 0;
  return { until: [until].flat().map(String), maxNewTokens: name === undefined ? 256 : Number(rest[name]), options };
}
