/**
 * Documents of lm-evaluation-harness's tasks as questions for strategies: the prompt is the task's own, its filter finds the answer in
 * a chain, and its metric says whether that is right. Choices are written in place of being compared.
 */
import { choicesOf, targetOf, textOf } from '../../evaluate/harness/fields.ts';
import { createFilter, type Filter } from '../../evaluate/harness/filters.ts';
import { pythonStr } from '../../evaluate/harness/python-literals.ts';
import { normalized, requestsOf } from '../../evaluate/harness/requests.ts';
import { goldOf, scoresOf } from '../../evaluate/harness/scores.ts';
import { openTask, type Task, type TaskOptions } from '../../evaluate/harness/task.ts';
import { type Node, tasksBelow } from '../../evaluate/harness/task-library.ts';
import { metricsOf } from '../../evaluate/harness/task-metrics.ts';
import { usageError } from '../../support/errors.ts';
import { choiceParser } from '../program/parsers.ts';
import type { Generation, Problem } from '../program/problem.ts';
import type { Case } from './evaluate-prompt.ts';

export interface TaskCases {
  task: string;
  cases: Case[];
}

export interface TaskCasesOptions extends TaskOptions {
  /** Only the first n documents of each task. */
  limit?: number;
  /** The filter that finds answers. Default the last one of the task, which is the most tolerant by custom. */
  filter?: string;
  /** Generation in place of the task's own. */
  generation?: Partial<Generation>;
}

/** @throws UserError for tasks that ask neither for texts nor for choices */
export function taskCases(nodes: readonly Node[], options: TaskCasesOptions = {}): TaskCases[] {
  return tasksBelow(nodes).map(node => {
    const task = openTask(node, options);
    const type = task.config.output_type;
    if (type !== 'generate_until' && (type !== 'multiple_choice' || task.hasContexts)) {
      throw usageError(
        'TSLM_NOT_ABLE',
        `${task.name}: strategies write answers, and this task (${type}) asks for none`,
        'choose tasks of the types generate_until and multiple_choice',
      );
    }
    const docs = task.docs.slice(0, options.limit);
    const of = type === 'generate_until' ? writtenCase(task, options) : choiceCase(task, options);
    return { task: task.name, cases: docs.map((_, i) => of(i)) };
  });
}

function writtenCase(task: Task, options: TaskCasesOptions): (document: number) => Case {
  const { config, path } = task;
  const filters = config.filter_list ?? [{ name: 'none', filter: [{ function: 'take_first' }] }];
  const chosen = options.filter === undefined ? filters.at(-1)! : filters.find(({ name }) => name === options.filter);
  if (!chosen) {
    const names = filters.map(({ name }) => name).join(', ');
    throw usageError('TSLM_UNKNOWN_FILTER', `${path}: there is no filter '${options.filter}'`, `there are ${names}`);
  }
  const filter = createFilter(chosen.filter, path);
  const fallbacks = chosen.filter.flatMap(step => ('fallback' in step ? [String(step.fallback)] : []));
  const metrics = metricsOf(config, path).filter(({ name }) => name === 'exact_match');
  if (metrics.length === 0) {
    throw usageError('TSLM_NOT_ABLE', `${path}: whether an answer is right takes exact_match`, 'choose another task');
  }
  return document => {
    const doc = task.docs[document];
    const where = `${task.name}, document ${document}`;
    const request = requestsOf(task, doc, where)[0];
    if (request.kind !== 'generate_until') throw new Error('unreachable');
    const { until, maxNewTokens } = normalized(request.options);
    return {
      target: [targetOf(task, doc, where)].flat().map(pythonStr).join(' | '),
      isRight: answer => scoresOf(task, metrics, doc, [answer.value], where).exact_match === 1,
      problem: async (): Promise<Problem> => ({
        question: String(textOf(task, doc, where)),
        prompt: request.context,
        generation: { maxTokens: maxNewTokens, temperature: 0, stop: until.filter(Boolean), ...options.generation },
        parse: text => filtered(filter, text, task, document, fallbacks),
        ...otherExamples(task, document),
      }),
    };
  };
}

/** The task's questions with examples of a strategy's own. */
const otherExamples = (task: Task, document: number): Pick<Problem, 'ask' | 'withExamples'> => {
  const ask = (doc: Readonly<Record<string, unknown>>): string => String(textOf(task, doc, `${task.name}: a question`));
  return {
    ask,
    withExamples: (examples, question = ask(task.docs[document])) =>
      [...examples.map(one => one.question + one.answer), question].join(task.config.fewshot_delimiter),
  };
};

function filtered(filter: Filter, text: string, task: Task, document: number, fallbacks: readonly string[]) {
  const found = String(filter([[text]], [task.docs[document]])[0] ?? '').trim();
  const isNone = found === '' || found === '[invalid]' || fallbacks.includes(found);
  return isNone ? null : { key: found, value: found };
}

function choiceCase(task: Task, options: TaskCasesOptions): (document: number) => Case {
  return document => {
    const doc = task.docs[document];
    const where = `${task.name}, document ${document}`;
    const choices = choicesOf(task, doc, where);
    const requests = requestsOf(task, doc, where);
    const [request] = requests;
    if (request.kind !== 'loglikelihood') throw new Error('unreachable');
    const gold = goldOf(task, doc, choices, where).map(i => choices[i].trim());
    const parser = choiceParser({
      kind: 'choice',
      choices: choices.map(one => one.trim()),
      take: 'last',
      constrain: false,
    });
    return {
      target: gold.join(' | '),
      isRight: ({ key }) => gold.includes(key),
      problem: async (): Promise<Problem> => ({
        question: String(textOf(task, doc, where)),
        prompt: request.context,
        generation: { maxTokens: 256, temperature: 0, stop: ['\n\n'], ...options.generation },
        choices: requests.map((one, i) => ({
          key: choices[i].trim(),
          text: 'continuation' in one ? one.continuation : '',
        })),
        parse: parser.parse,
        ...otherExamples(task, document),
      }),
    };
  };
}
