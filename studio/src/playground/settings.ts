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
  /** JSON Schema that answers follow, as it was typed; empty for none. */
  schema: string;
  /** Functions that a chat may call, as they were typed: a list as OpenAI's API has it. */
  tools: string;
}

/** As the server's, but for the length: a base model would fill its whole context. The server takes what there is room for. */
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
  schema: '',
  tools: '',
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
export const EXTENSIONS = ['top_k', 'min_p', 'repetition_penalty', 'structured_outputs'];

export interface Message {
  role: 'system' | 'user' | 'assistant' | 'tool';
  content: string;
  tool_calls?: { id: string; type: 'function'; function: { name: string; arguments: string } }[];
  tool_call_id?: string;
}

/** What is asked: the turns of a chat, or a text to go on with. */
export interface Question {
  mode: Mode;
  model: string;
  messages: Message[];
}

export type RequestBody = Record<string, unknown> & { model: string };

/** What was typed as JSON; undefined for nothing, `problem` where it is none. */
export function typedJson(text: string): { value?: unknown; problem?: string } {
  if (text.trim() === '') return {};
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

/** A list of functions, each with or without OpenAI's wrapping around it. */
const toolsOf = (typed: unknown): unknown[] =>
  [typed]
    .flat()
    .map(one =>
      typeof one === 'object' && one !== null && 'function' in one ? one : { type: 'function', function: one },
    );

/** How a request asks for what was typed as JSON. */
function jsonParameters(mode: Mode, settings: Settings): Record<string, unknown> {
  const { value: schema } = typedJson(settings.schema);
  const { value: tools } = typedJson(settings.tools);
  if (mode === 'completion') return schema === undefined ? {} : { structured_outputs: { json: schema } };
  const response_format = { type: 'json_schema', json_schema: { name: 'answer', schema } };
  return { ...(schema !== undefined && { response_format }), ...(tools !== undefined && { tools: toolsOf(tools) }) };
}

/** The body of a request that streams an answer. */
export function requestBody({ mode, model, messages }: Question, settings: Settings): RequestBody {
  const { system, seed, stop } = settings;
  const changed = SLIDERS.filter(({ key }) => settings[key] !== defaultSettings[key]);
  const stops = stop.split('\n').filter(line => line !== '');
  const asked = system.trim() === '' ? messages : [{ role: 'system' as const, content: system }, ...messages];
  return {
    model,
    ...(mode === 'chat' ? { messages: asked } : { prompt: messages.at(-1)?.content ?? '' }),
    max_tokens: settings.maxTokens,
    ...Object.fromEntries(changed.map(({ key, name }) => [name, settings[key]])),
    ...(seed.trim() !== '' && { seed: Number(seed) }),
    ...(stops.length > 0 && { stop: stops }),
    ...jsonParameters(mode, settings),
    stream: true,
  };
}

/** The same with what the page shows besides: how probable tokens were, and how many. */
export const watched = (mode: Mode, body: RequestBody): RequestBody => ({
  ...body,
  ...(mode === 'chat' ? { logprobs: true, top_logprobs: 5 } : { logprobs: 5 }),
  stream_options: { include_usage: true },
});
