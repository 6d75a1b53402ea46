/** A chat as asked for by `/v1/chat/completions` or `/v1/responses`, and what it asks of the engine. */
import type {
  ConstraintRequest,
  GenerationEvent,
  GenerationRequest,
  ModelCard,
  TokenInfo,
} from '../../engine/protocol.ts';
import type { ThinkingEvent, ThinkingOptions } from '../../engine/thinking.ts';
import type { FunctionTool, ToolChoice } from '../../engine/tools/tool.ts';
import { type ChatDelta, createToolCallReader, type ToolCallReader } from '../../engine/tools/tool-call-reader.ts';
import { toolConstraint } from '../../engine/tools/tool-constraint.ts';
import { type Call, generate, generateWithThoughts } from './call.ts';
import { badParameter } from './parameters.ts';
import { checkLengths, samplingRequest } from './sampling-request.ts';
import { type Message, templateMessage } from './schemas/messages.ts';
import type { ReasoningEffort, SamplingParameters } from './schemas/sampling.ts';

export interface ChatAsk {
  messages: readonly Message[];
  tools?: readonly FunctionTool[];
  toolChoice?: ToolChoice;
  parallelToolCalls?: boolean;
  /** What `response_format` or `text.format` asks for, and its name. */
  format?: { constraint: ConstraintRequest; param: string };
  sampling: Partial<SamplingParameters>;
  maxTokens?: number;
  logprobs?: number;
  variables?: Record<string, unknown>;
  continueFinalMessage?: boolean;
  /** How much a model that thinks may think, and what asks for it. */
  effort?: ReasoningEffort | null;
  effortParam?: string;
  thinkingBudget?: number;
}

export interface ChatPlan {
  request: GenerationRequest;
  /** What asks for the constraint. */
  constraintParam?: string;
  /** For each text anew; absent where no function can be called. */
  newReader?: () => ToolCallReader;
  /** Calls in one answer; what a model writes beyond them is dropped. */
  mostCalls: number;
  /** Of a model that thinks, unless it is told not to. */
  thinking?: ThinkingOptions;
}

/** Templates of models that think unless told otherwise have a variable for it (Qwen3's). */
export const templateVariables = (
  given: Record<string, unknown> | undefined,
  effort: ReasoningEffort | null | undefined,
): Record<string, unknown> | undefined =>
  effort
    ? { enable_thinking: effort !== 'none', ...(effort !== 'none' && { reasoning_effort: effort }), ...given }
    : given;

/** Most tokens of thought; all that there is room for where nothing is said. */
const BUDGETS: Partial<Record<ReasoningEffort, number>> = { minimal: 256, low: 1024, medium: 4096 };

/** @throws RequestError for thoughts that are asked of a model that does not think */
function thinkingOf(ask: ChatAsk, { thinking: tags }: ModelCard): ThinkingOptions | undefined {
  const { effort, effortParam = 'reasoning_effort', thinkingBudget: budget } = ask;
  const isAsked = (effort && effort !== 'none') || budget !== undefined;
  if (!tags && isAsked) {
    const param = budget !== undefined ? 'thinking_token_budget' : effortParam;
    throw badParameter(param, "this model does not think: only effort 'none' is known", 'leave it out');
  }
  if (effort === 'none' && budget)
    throw badParameter('thinking_token_budget', "goes without effort 'none'", 'leave one out');
  if (!tags || effort === 'none' || ask.sampling.num_beams !== undefined) return undefined;
  return { ...tags, budget: budget ?? (effort ? BUDGETS[effort] : undefined) };
}

/** A `json_schema` format without a schema is any object, as `json_object` is. */
export function formatConstraint(
  format: { type: 'text' | 'json_object' } | { type: 'json_schema'; schema?: Record<string, unknown> | null },
): ConstraintRequest | undefined {
  if (format.type === 'text') return undefined;
  const schema = format.type === 'json_schema' ? (format.schema ?? undefined) : undefined;
  return schema === undefined ? { kind: 'json' } : { kind: 'jsonSchema', schema };
}

/** @throws RequestError that names the parameter which contradicts another one */
export function planChat(ask: ChatAsk, card: ModelCard): ChatPlan {
  const { toolChoice = 'auto', format } = ask;
  const tools = toolsOf(ask);
  checkLengths(ask.sampling.min_tokens, ask.maxTokens);
  if (ask.continueFinalMessage && ask.messages.at(-1)?.role !== 'assistant') {
    throw badParameter('continue_final_message', "the last message is not the assistant's");
  }
  const sampled = samplingRequest(ask.sampling, card);
  const calling = tools && toolConstraint(tools, toolChoice, ask.parallelToolCalls ?? true);
  const constraints = [sampled.constraint, format?.constraint, calling].filter(one => one !== undefined);
  if (constraints.length > 1 || (tools && constraints.length === 1 && !calling)) {
    const param = format === undefined ? 'structured_outputs' : format.param;
    const other = sampled.constraint && format ? 'structured_outputs' : 'tools';
    throw badParameter(
      param,
      `goes without ${other}`,
      `leave one of the two out${tools ? ", or tool_choice 'none'" : ''}`,
    );
  }
  const names = tools?.map(({ name }) => name) ?? [];
  const toolFormat = calling ? ('json' as const) : (card.toolFormat ?? 'hermes');
  return {
    request: {
      ...sampled,
      prompt: {
        messages: ask.messages.map(templateMessage),
        tools: tools?.map(templateTool),
        variables: ask.variables,
        continueFinalMessage: ask.continueFinalMessage,
      },
      maxTokens: ask.maxTokens,
      logprobs: ask.logprobs,
      constraint: constraints[0],
    },
    constraintParam: calling ? 'tools' : sampled.constraint ? 'structured_outputs' : format?.param,
    thinking: thinkingOf(ask, card),
    mostCalls: ask.parallelToolCalls === false ? 1 : Infinity,
    newReader: tools && (() => createToolCallReader({ format: toolFormat, names })),
  };
}

/** The functions that may be called, if any; `none` hides them from the model as well. */
function toolsOf({ tools, toolChoice = 'auto' }: ChatAsk): readonly FunctionTool[] | undefined {
  if (!tools?.length) {
    if (toolChoice !== 'auto' && toolChoice !== 'none') throw badParameter('tool_choice', 'goes with tools');
    return undefined;
  }
  const double = tools.find(({ name }, i) => tools.findIndex(other => other.name === name) !== i);
  if (double) throw badParameter('tools', `two functions are called '${double.name}'`);
  if (typeof toolChoice === 'object' && !tools.some(({ name }) => name === toolChoice.name)) {
    throw badParameter('tool_choice', `there is no function '${toolChoice.name}' in tools`);
  }
  return toolChoice === 'none' ? undefined : tools;
}

/** What templates read: without what is empty. */
function templateTool({ name, description, parameters }: FunctionTool): Record<string, unknown> {
  return {
    type: 'function',
    function: { name, description: description ?? '', parameters: parameters ?? { type: 'object', properties: {} } },
  };
}

export type ChatEvent =
  | { type: 'start' }
  /** Log-probabilities come with the next delta after their tokens, or with `finish`. */
  | { type: 'delta'; index: number; delta: ChatDelta; tokens: TokenInfo[] }
  | { type: 'thought'; index: number; text: string }
  | { type: 'finish'; index: number; reason: 'stop' | 'length' | 'tool_calls'; tokens: TokenInfo[] }
  | (Extract<GenerationEvent, { type: 'end' }> & { thoughtTokens?: number });

/** What comes of a chat that is asked for; what is wrong with it is thrown before. */
export function startChat(call: Call<object>, ask: ChatAsk): AsyncGenerator<ChatEvent> {
  const plan = planChat(ask, call.card);
  call.work.names.constraint = plan.constraintParam;
  const { request, thinking } = plan;
  return chatEvents(thinking ? generateWithThoughts(call, request, thinking) : generate(call, request), plan);
}

/** The engine's events with calls of functions told from what is said. */
export async function* chatEvents(
  events: AsyncIterable<ThinkingEvent>,
  { newReader, mostCalls }: ChatPlan,
): AsyncGenerator<ChatEvent> {
  let thoughtTokens: number | undefined;
  const readers = new Map<number, ToolCallReader | undefined>();
  const tokens = new Map<number, TokenInfo[]>();
  const readerOf = (index: number): ToolCallReader | undefined => {
    if (!readers.has(index)) readers.set(index, newReader?.());
    return readers.get(index);
  };
  const takeTokens = (index: number): TokenInfo[] => {
    const taken = tokens.get(index) ?? [];
    tokens.delete(index);
    return taken;
  };
  const isWanted = (delta: ChatDelta): boolean => !('call' in delta) || delta.call.index < mostCalls;
  for await (const event of events) {
    if (event.type === 'start') yield { type: 'start' };
    else if (event.type === 'thought') yield event;
    else if (event.type === 'thoughtTokens') thoughtTokens = event.tokens;
    else if (event.type === 'end') yield { ...event, ...(thoughtTokens !== undefined && { thoughtTokens }) };
    else if (event.type === 'text') {
      const { index, text } = event;
      if (event.tokens) tokens.set(index, [...(tokens.get(index) ?? []), ...event.tokens]);
      const deltas = readerOf(index)?.push(text) ?? (text === '' ? [] : [{ content: text }]);
      for (const delta of deltas.filter(isWanted)) yield { type: 'delta', index, delta, tokens: takeTokens(index) };
    } else {
      const { index, reason } = event;
      const reader = readers.get(index);
      for (const delta of reader?.end().filter(isWanted) ?? [])
        yield { type: 'delta', index, delta, tokens: takeTokens(index) };
      const isCall = reason === 'stop' && (reader?.calls ?? 0) > 0;
      yield { type: 'finish', index, reason: isCall ? 'tool_calls' : reason, tokens: takeTokens(index) };
    }
  }
}
