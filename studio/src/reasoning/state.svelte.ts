/** What is asked and what came of it. Outlives the page that shows it. */

import { type ReasoningEvent, reason, type TreeNode } from '../server/reasoning.ts';
import { asProblem, type ServerProblem } from '../server/request.ts';
import { type Case, type Prompt, requestOf } from './prompt.ts';

export type View = 'question' | 'cases';
export type Result = Extract<ReasoningEvent, { type: 'result' }>;
export type Chain = Extract<ReasoningEvent, { type: 'chain' }>['chain'];

/** One question at work, or done. */
export interface Work {
  /** Texts as they are streamed, by request and number. */
  growing: { request: number; index: number; text: string }[];
  chains: Chain[];
  thoughts: TreeNode[];
  notes: string[];
  result?: Result;
}

export interface CaseWork {
  isRunning: boolean;
  result?: Result;
  problem?: ServerProblem;
}

interface State {
  model: string;
  view: View;
  prompt: Prompt;
  values: Record<string, string>;
  target: string;
  seed: number;
  cases: Case[];
  /** By the case's id. */
  caseWork: Record<number, CaseWork>;
  isRunning: boolean;
  work?: Work;
  problem?: ServerProblem;
}

/** Cases that are worked on at once. */
const AT_ONCE = 2;

export const reasoning = $state<State>({
  model: '',
  view: 'question',
  prompt: {
    instruction: '',
    template: 'Q: {{ question }}\nA:',
    answer: ' {{ target }}.',
    chat: false,
    parser: 'number',
    mark: '#',
    choices: 'yes, no',
    maxTokens: 128,
    stop: '\\n\\nQ:',
    strategy: 'self-consistency',
    options: {},
  },
  values: {},
  target: '',
  seed: 0,
  cases: [
    { id: 1, values: {}, target: '', isExample: false },
    { id: 2, values: {}, target: '', isExample: false },
  ],
  caseWork: {},
  isRunning: false,
});

let running: AbortController | undefined;

export function stop(): void {
  running?.abort();
  reasoning.isRunning = false;
}

/** Runs a body until it is done or stopped. */
async function during(body: (signal: AbortSignal) => Promise<void>): Promise<void> {
  running?.abort();
  const controller = new AbortController();
  running = controller;
  reasoning.isRunning = true;
  reasoning.problem = undefined;
  try {
    await body(controller.signal);
  } catch (error) {
    if (!controller.signal.aborted) reasoning.problem = asProblem(error);
  } finally {
    if (running === controller) reasoning.isRunning = false;
  }
}

const examples = (): Case[] => reasoning.cases.filter(one => one.isExample);

export const ask = (): Promise<void> =>
  during(async signal => {
    const { model, prompt, values, target, seed } = reasoning;
    reasoning.work = { growing: [], chains: [], thoughts: [], notes: [] };
    const { work } = reasoning; // the one that is watched
    const body = requestOf(model, prompt, values, { examples: examples(), target, seed });
    for await (const event of reason(body, signal)) take(work, event);
  });

function take(work: Work, event: ReasoningEvent): void {
  switch (event.type) {
    case 'text': {
      const { request, index, text } = event;
      const known = work.growing.find(one => one.request === request && one.index === index);
      if (known) known.text += text;
      else work.growing.push({ request, index, text });
      return;
    }
    case 'written':
      work.growing = work.growing.filter(({ request }) => request !== event.request);
      return;
    case 'chain':
      work.chains.push(event.chain);
      return;
    case 'thought': {
      const at = work.thoughts.findIndex(({ id }) => id === event.node.id);
      if (at < 0) work.thoughts.push(event.node);
      else work.thoughts[at] = event.node;
      return;
    }
    case 'step':
      work.notes.push(event.note);
      return;
    case 'result':
      work.result = event;
  }
}

/** Every row that is no example, a few at once. */
export const askAll = (): Promise<void> =>
  during(async signal => {
    const { model, prompt, seed } = reasoning;
    const open = reasoning.cases.filter(one => !one.isExample);
    reasoning.caseWork = {};
    const shown = examples();
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < open.length && !signal.aborted) {
        const number = next++;
        const { id, values, target } = open[number];
        reasoning.caseWork[id] = { isRunning: true };
        const own = reasoning.caseWork[id];
        try {
          const body = requestOf(model, prompt, values, { examples: shown, target, seed: seed * 1_000_003 + number });
          for await (const event of reason(body, signal)) if (event.type === 'result') own.result = event;
        } catch (error) {
          if (signal.aborted) throw error;
          own.problem = asProblem(error);
        } finally {
          own.isRunning = false;
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  });
