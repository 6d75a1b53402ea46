/** Conversations: one, or two side by side that are asked the same. */
import type { Mode } from '../server/endpoints.ts';
import { countTokens, generate } from '../server/generation.ts';
import { learning } from '../server/learning.svelte.ts';
import { models } from '../server/models.svelte.ts';
import { asProblem } from '../server/request.ts';
import { pieceAligner } from '../server/tokens.ts';
import { keep, read } from '../storage.ts';
import {
  type Answer,
  type Exchange,
  historyOf,
  isOpen,
  lengthOfTurn,
  noAnswer,
  questionTurns,
} from './conversation.ts';
import { defaultSettings, type Question, requestBody, type Settings, watched } from './settings.ts';

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

/** In the tab's storage; another number where its form changes. */
const KEPT = 'tslm-playground-1';

/** Outlives the page that shows it, and a reload of the tab. */
export const playground = $state<State>(restore());

function restore(): State {
  const fresh: State = {
    mode: 'chat',
    lanes: [{ model: '', exchanges: [] }],
    settings: { ...defaultSettings },
    draft: '',
  };
  try {
    const kept = JSON.parse(read('session', KEPT) ?? 'null') as State | null;
    return kept ? { ...fresh, ...kept, settings: { ...fresh.settings, ...kept.settings } } : fresh;
  } catch {
    return fresh;
  }
}

/** What was being written when the page went stays as it was. */
function save(): void {
  const { lanes, ...rest } = $state.snapshot(playground) as State;
  const settled = lanes.map(({ model, exchanges }) => ({
    model,
    exchanges: exchanges.map(one =>
      isOpen(one.answer) ? { ...one, answer: { ...one.answer, state: 'stopped' } } : one,
    ),
  }));
  keep('session', KEPT, JSON.stringify({ ...rest, lanes: settled }));
}
addEventListener('pagehide', save);

/** Of lanes that are being answered. */
const running = new Map<number, AbortController>();

export const isRunning = (): boolean => playground.lanes.some(({ exchanges }) => isOpen(exchanges.at(-1)?.answer));

const cardOf = (lane: Lane) => models.cards.find(({ id }) => id === lane.model);

/** A model that was not trained to converse goes on with the text, beside one that answers it. */
export const modeOf = (lane: Lane): Mode =>
  playground.mode === 'chat' && playground.lanes.length > 1 && cardOf(lane)?.hasChatTemplate === false
    ? 'completion'
    : playground.mode;

/** Asks every lane. */
export function send(prompt: string): void {
  for (const [i, lane] of playground.lanes.entries()) {
    lane.exchanges.push({ mode: modeOf(lane), prompt, answer: noAnswer() });
    void answer(i);
  }
}

/** The text as far as it is written, where `draft` is the beginning that it was asked with, or all of it. */
const goesOn = ({ exchanges }: Lane, draft: string): boolean => {
  const last = exchanges.at(-1);
  if (last?.mode !== 'completion' || last.answer.text === '') return false;
  return draft === last.prompt || draft === last.prompt + last.answer.text;
};

/** Has every lane go on with its text; false where `draft` is another text. */
export function continueText(draft: string): boolean {
  if (playground.mode !== 'completion' || !playground.lanes.every(lane => goesOn(lane, draft))) return false;
  for (const i of playground.lanes.keys()) void answer(i);
  return true;
}

/** Gives a lane what the functions that it called have given. */
export function sendResults(lane: number, results: NonNullable<Exchange['results']>): void {
  playground.lanes[lane].exchanges.push({ mode: 'chat', prompt: '', results, answer: noAnswer() });
  void answer(lane);
}

/** Asks a lane's last question again. */
export function retry(lane: number): void {
  const last = playground.lanes[lane].exchanges.at(-1);
  if (!last) return;
  stop(lane);
  if (last.mode === 'completion' && playground.draft === last.prompt + last.answer.text) playground.draft = last.prompt;
  last.answer = noAnswer();
  void answer(lane);
}

/** Asks a question again in other words; what came after it is gone. */
export function edit(lane: number, index: number, prompt: string): void {
  stop(lane);
  const { exchanges } = playground.lanes[lane];
  exchanges.splice(index, Number.POSITIVE_INFINITY, { mode: exchanges[index].mode, prompt, answer: noAnswer() });
  void answer(lane);
}

/** Takes a question and its answer out of the conversation. */
export function remove(lane: number, index: number): void {
  const { exchanges } = playground.lanes[lane];
  if (isOpen(exchanges[index].answer)) stop(lane);
  exchanges.splice(index, lengthOfTurn(exchanges, index));
  save();
}

export function stop(lane?: number): void {
  for (const [i, controller] of running) if (lane === undefined || lane === i) controller.abort();
}

export function clear(): void {
  stop();
  for (const lane of playground.lanes) lane.exchanges = [];
  save();
}

/** The question that a lane would be asked next, after what was said. */
export function questionOf(
  lane: Lane,
  { mode, prompt, results }: Pick<Exchange, 'mode' | 'prompt' | 'results'>,
): Question {
  const before = mode === 'chat' ? historyOf(lane.exchanges) : [];
  return { mode, model: lane.model, messages: [...before, ...questionTurns({ prompt, results })] };
}

/** Answers a lane's last question, or goes on with the text that it has begun. */
async function answer(index: number): Promise<void> {
  const lane = playground.lanes[index];
  const exchange = lane.exchanges.at(-1)!;
  const { mode, answer: shown } = exchange;
  const before = { ...lane, exchanges: lane.exchanges.slice(0, -1) };
  const question = questionOf(before, { ...exchange, prompt: exchange.prompt + shown.text });
  const keeps = learning.detail?.model === lane.model && { store: true, user: 'studio' };
  const body = { ...watched(mode, requestBody(question, $state.snapshot(playground.settings))), ...keeps };
  const isContinued = shown.text !== '';
  const known = [exchange.prompt, exchange.prompt + shown.text];
  Object.assign(shown, {
    state: 'waiting',
    problem: undefined,
    tooLong: undefined,
    reason: undefined,
    id: undefined,
    said: undefined,
    firstToken: undefined,
  });
  const controller = new AbortController();
  running.set(index, controller);
  const start = performance.now();
  const align = pieceAligner();
  const tokensBefore = shown.tokens;
  try {
    for await (const event of generate(mode, body, controller.signal)) {
      if (event.type === 'id') {
        // Of a text that was gone on with, the server knows each part by itself.
        shown.id = isContinued ? undefined : event.id;
      } else if (event.type === 'text') {
        shown.firstToken ??= performance.now() - start;
        shown.state = 'streaming';
        shown.text += event.text;
        shown.pieces.push(...align(event.text, event.pieces));
        shown.tokens += event.pieces.length;
      } else if (event.type === 'call') {
        shown.state = 'streaming';
        addCall(shown, event);
      } else if (event.type === 'finish') {
        shown.reason = event.reason;
      } else {
        shown.tokens = tokensBefore + event.completionTokens;
      }
    }
    shown.state = 'done';
  } catch (error) {
    shown.state = controller.signal.aborted ? 'stopped' : 'failed';
    if (shown.state === 'failed') shown.problem = asProblem(error);
    if (shown.problem?.code === 'context_length_exceeded')
      shown.tooLong = await countTokens(mode, body).catch(() => undefined);
  } finally {
    shown.duration = performance.now() - start;
    if (running.get(index) === controller) running.delete(index);
    // The text as far as it goes is what is gone on with next.
    const isText = playground.mode === 'completion' && playground.lanes.length === 1;
    if (isText && known.includes(playground.draft)) playground.draft = exchange.prompt + shown.text;
    save();
  }
}

function addCall(
  answer: Answer,
  { index, id, name, arguments: text }: { index: number; id?: string; name?: string; arguments: string },
): void {
  if (id !== undefined) answer.calls[index] = { id, name: name ?? '', arguments: '' };
  if (answer.calls[index]) answer.calls[index].arguments += text;
}
