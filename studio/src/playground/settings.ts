/** Sampling settings, and the request that they make. Only what differs from the server's defaults is sent. */
import type { Mode } from '../server/endpoints.ts';

export interface Settings {
  system: string;
  temperature: number;
  topP: number;
  /** 0: all. */
  topK: number;
  minP: number;
  presencePenalty: number;
  frequencyPenalty: number;
  repetitionPenalty: number;
  maxTokens: number;
  /** As it was typed; empty for a new one each time. */
  seed: string;
  /** One a line. */
  stop: string;
}

/** As the server's, but for the length: a base model would fill its whole context. */
export const defaultSettings: Settings = {
  system: '',
  temperature: 1,
  topP: 1,
  topK: 0,
  minP: 0,
  presencePenalty: 0,
  frequencyPenalty: 0,
  repetitionPenalty: 1,
  maxTokens: 256,
  seed: '',
  stop: '',
};

type NumberKey =
  | 'temperature'
  | 'topP'
  | 'topK'
  | 'minP'
  | 'presencePenalty'
  | 'frequencyPenalty'
  | 'repetitionPenalty';

/** Sliders, with the name that the request uses. */
export const SLIDERS: { key: NumberKey; name: string; min: number; max: number; step: number }[] = [
  { key: 'temperature', name: 'temperature', min: 0, max: 2, step: 0.05 },
  { key: 'topP', name: 'top_p', min: 0.05, max: 1, step: 0.05 },
  { key: 'topK', name: 'top_k', min: 0, max: 200, step: 1 },
  { key: 'minP', name: 'min_p', min: 0, max: 1, step: 0.01 },
  { key: 'presencePenalty', name: 'presence_penalty', min: -2, max: 2, step: 0.1 },
  { key: 'frequencyPenalty', name: 'frequency_penalty', min: -2, max: 2, step: 0.1 },
  { key: 'repetitionPenalty', name: 'repetition_penalty', min: 1, max: 2, step: 0.05 },
];

/** Of other servers than OpenAI's own: its client must be told that they are meant. */
export const EXTENSIONS = ['top_k', 'min_p', 'repetition_penalty'];

export interface Message {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** What is asked: the turns of a chat, or a text to go on with. */
export interface Question {
  mode: Mode;
  model: string;
  messages: Message[];
  /** Tokens that the model sees, where that is known. */
  context?: number;
}

export type RequestBody = Record<string, unknown> & { model: string };

/** The body of a request that streams an answer. */
export function requestBody(
  { mode, model, messages, context = Number.POSITIVE_INFINITY }: Question,
  settings: Settings,
): RequestBody {
  const { system, seed, stop } = settings;
  // A length that nobody chose leaves a small model room for the question.
  const isChosen = settings.maxTokens !== defaultSettings.maxTokens;
  const maxTokens = isChosen ? settings.maxTokens : Math.min(settings.maxTokens, Math.ceil(context / 2));
  const changed = SLIDERS.filter(({ key }) => settings[key] !== defaultSettings[key]);
  const stops = stop.split('\n').filter(line => line !== '');
  const asked = system.trim() === '' ? messages : [{ role: 'system' as const, content: system }, ...messages];
  return {
    model,
    ...(mode === 'chat' ? { messages: asked } : { prompt: messages.at(-1)?.content ?? '' }),
    max_tokens: maxTokens,
    ...Object.fromEntries(changed.map(({ key, name }) => [name, settings[key]])),
    ...(seed.trim() !== '' && { seed: Number(seed) }),
    ...(stops.length > 0 && { stop: stops }),
    stream: true,
  };
}

/** The same with what the page shows besides: how probable tokens were, and how many. */
export const watched = (mode: Mode, body: RequestBody): RequestBody => ({
  ...body,
  ...(mode === 'chat' ? { logprobs: true, top_logprobs: 5 } : { logprobs: 5 }),
  stream_options: { include_usage: true },
});
