/** Conversations: one, or two side by side that are asked the same. */

import type { Mode } from '../server/endpoints.ts';
import { generate } from '../server/generation.ts';
import { models } from '../server/models.svelte.ts';
import { asProblem, type ServerProblem } from '../server/request.ts';
import { type Piece, pieceAligner } from '../server/tokens.ts';
import { defaultSettings, type Message, type Question, requestBody, type Settings, watched } from './settings.ts';

export interface Answer {
  text: string;
  pieces: Piece[];
  state: 'waiting' | 'streaming' | 'done' | 'stopped' | 'failed';
  /** Why it ended: `stop`, `length`. */
  reason?: string;
  problem?: ServerProblem;
  tokens: number;
  /** Milliseconds until the first token, and until the end. */
  firstToken?: number;
  duration?: number;
}

export interface Exchange {
  mode: Mode;
  prompt: string;
  answer: Answer;
}

export interface Lane {
  model: string;
  exchanges: Exchange[];
}

interface State {
  mode: Mode;
  lanes: Lane[];
  settings: Settings;
  draft: string;
}

/** Outlives the page that shows it, so that a look elsewhere loses nothing. */
export const playground = $state<State>({
  mode: 'chat',
  lanes: [{ model: '', exchanges: [] }],
  settings: { ...defaultSettings },
  draft: '',
});

/** Of lanes that are being answered. */
const running = new Map<number, AbortController>();

export const isRunning = (): boolean => playground.lanes.some(({ exchanges }) => isOpen(exchanges.at(-1)?.answer));

export const isOpen = (answer: Answer | undefined): boolean =>
  answer?.state === 'waiting' || answer?.state === 'streaming';

/** Asks every lane. */
export function send(prompt: string): void {
  for (const [i, lane] of playground.lanes.entries()) {
    lane.exchanges.push({ mode: playground.mode, prompt, answer: noAnswer() });
    void answer(i);
  }
}

/** Asks a lane's last question again. */
export function retry(lane: number): void {
  const last = playground.lanes[lane].exchanges.at(-1);
  if (!last) return;
  stop(lane);
  last.answer = noAnswer();
  void answer(lane);
}

export function stop(lane?: number): void {
  for (const [i, controller] of running) if (lane === undefined || lane === i) controller.abort();
}

export function clear(): void {
  stop();
  for (const lane of playground.lanes) lane.exchanges = [];
}

/** The question that a lane would be asked next, with `prompt` after what was said. */
export function questionOf(lane: Lane, mode: Mode, prompt: string): Question {
  const before = lane.exchanges.filter(({ mode: ofExchange }) => ofExchange === 'chat');
  const messages: Message[] = mode === 'chat' ? before.flatMap(turnsOf) : [];
  const context = models.cards.find(({ id }) => id === lane.model)?.contextLength;
  return { mode, model: lane.model, context, messages: [...messages, { role: 'user', content: prompt }] };
}

const turnsOf = ({ prompt, answer: { text } }: Exchange): Message[] => [
  { role: 'user', content: prompt },
  ...(text === '' ? [] : [{ role: 'assistant' as const, content: text }]),
];

const noAnswer = (): Answer => ({ text: '', pieces: [], state: 'waiting', tokens: 0 });

async function answer(index: number): Promise<void> {
  const lane = playground.lanes[index];
  const exchange = lane.exchanges.at(-1)!;
  const { mode, prompt, answer: shown } = exchange;
  const question = questionOf({ ...lane, exchanges: lane.exchanges.slice(0, -1) }, mode, prompt);
  const body = watched(mode, requestBody(question, $state.snapshot(playground.settings)));
  const controller = new AbortController();
  running.set(index, controller);
  const start = performance.now();
  const align = pieceAligner();
  try {
    for await (const event of generate(mode, body, controller.signal)) {
      if (event.type === 'text') {
        shown.firstToken ??= performance.now() - start;
        shown.state = 'streaming';
        shown.text += event.text;
        shown.pieces.push(...align(event.text, event.pieces));
        shown.tokens += event.pieces.length;
      } else if (event.type === 'finish') {
        shown.reason = event.reason;
      } else {
        shown.tokens = event.completionTokens;
      }
    }
    shown.state = 'done';
  } catch (error) {
    shown.state = controller.signal.aborted ? 'stopped' : 'failed';
    if (shown.state === 'failed') shown.problem = asProblem(error);
  } finally {
    shown.duration = performance.now() - start;
    if (running.get(index) === controller) running.delete(index);
  }
}
