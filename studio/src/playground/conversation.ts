/** What was asked and answered, and the messages that it makes up. */
import type { Mode } from '../server/endpoints.ts';
import type { ServerProblem } from '../server/problem.ts';
import type { Piece } from '../server/tokens.ts';
import type { Message } from './settings.ts';

/** A function that the model wants called. */
export interface FunctionCall {
  id: string;
  name: string;
  /** JSON, as the model wrote it. */
  arguments: string;
}

export interface Answer {
  /** As the server calls it. */
  id?: string;
  /** What was said of it. */
  said?: 'up' | 'down' | 'better';
  text: string;
  pieces: Piece[];
  calls: FunctionCall[];
  state: 'waiting' | 'streaming' | 'done' | 'stopped' | 'failed';
  /** Why it ended: `stop`, `length`, `tool_calls`. */
  reason?: string;
  problem?: ServerProblem;
  /** What did not fit, in tokens. */
  tooLong?: { all: number; last?: number; context: number };
  tokens: number;
  /** Milliseconds until the first token, and until the end. */
  firstToken?: number;
  duration?: number;
}

export interface Exchange {
  mode: Mode;
  prompt: string;
  /** In place of a prompt: what called functions gave. */
  results?: { id: string; content: string }[];
  answer: Answer;
}

export const noAnswer = (): Answer => ({ text: '', pieces: [], calls: [], state: 'waiting', tokens: 0 });

export const isOpen = (answer: Answer | undefined): boolean =>
  answer?.state === 'waiting' || answer?.state === 'streaming';

/** A question that got no answer is not asked again with each later one: it may be what the server refused. */
export const isAnswered = ({ answer: { text, calls } }: Exchange): boolean => text !== '' || calls.length > 0;

/** What a model is told of a conversation, before the next question. */
export const historyOf = (exchanges: readonly Exchange[]): Message[] =>
  exchanges.filter(exchange => exchange.mode === 'chat' && isAnswered(exchange)).flatMap(turnsOf);

const turnsOf = (exchange: Exchange): Message[] => {
  const { text, calls } = exchange.answer;
  const tool_calls = calls.map(({ id, name, arguments: given }) => ({
    id,
    type: 'function' as const,
    function: { name, arguments: given },
  }));
  return [
    ...questionTurns(exchange),
    { role: 'assistant', content: text, ...(tool_calls.length > 0 && { tool_calls }) },
  ];
};

/** The messages that a question consists of. */
export const questionTurns = ({ prompt, results }: Pick<Exchange, 'prompt' | 'results'>): Message[] =>
  results?.map(({ id, content }) => ({ role: 'tool' as const, tool_call_id: id, content })) ?? [
    { role: 'user', content: prompt },
  ];

/** How many exchanges go when one is deleted: what its functions gave means nothing without it. */
export function lengthOfTurn(exchanges: readonly Exchange[], index: number): number {
  let end = index + 1;
  while (exchanges[end]?.results) end++;
  return end - index;
}
