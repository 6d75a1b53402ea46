/** `POST /v1/chat/completions` (OpenAI, Chat Completions). */
import type { TokenInfo } from '../../../engine/protocol.ts';
import type { ChatDelta } from '../../../engine/tools/tool-call-reader.ts';
import { type Call, endpoint } from '../call.ts';
import { type ChatEvent, formatConstraint, startChat, templateVariables } from '../chat-plan.ts';
import { chatLogprobs } from '../logprobs.ts';
import { badParameter } from '../parameters.ts';
import { checkStreamOptions } from '../sampling-request.ts';
import { chatCompletion, chatCompletionChunk } from '../schemas/answers/chat.ts';
import { type ChatBody, chatSchema } from '../schemas/chat.ts';
import { limitOf } from '../schemas/sampling.ts';
import { DONE, dataFrame, eventStream } from '../stream/event-stream.ts';
import { type Tokens, usageOf } from '../usage.ts';
import { secondsNow } from '../work.ts';

export const chat = endpoint({
  path: '/v1/chat/completions',
  summary: 'answers a conversation; may call functions',
  schema: chatSchema,
  answer: chatCompletion,
  streamed: chatCompletionChunk,
  input: 'messages',
  ability: 'chat',
  answers: 'chatcmpl-',
  async handle(call) {
    const { body, work } = call;
    checkStreamOptions(body);
    const events = startChat(call, askOf(body));
    return body.stream ? eventStream(work, frames(call, events)) : Response.json(await collect(call, events));
  },
});

function askOf(body: ChatBody) {
  const { max_completion_tokens, max_tokens, response_format, tool_choice, reasoning_effort } = body;
  if (max_completion_tokens !== undefined && max_tokens !== undefined && max_tokens !== max_completion_tokens) {
    throw badParameter('max_tokens', 'differs from max_completion_tokens', 'leave it out');
  }
  if (body.top_logprobs && !body.logprobs) throw badParameter('top_logprobs', 'goes with logprobs: true');
  const constraint =
    response_format &&
    formatConstraint(
      response_format.type === 'json_schema'
        ? { type: 'json_schema', schema: response_format.json_schema.schema }
        : response_format,
    );
  return {
    messages: body.messages,
    tools: body.tools?.map(tool => tool.function),
    toolChoice: typeof tool_choice === 'object' ? tool_choice.function : tool_choice,
    parallelToolCalls: body.parallel_tool_calls,
    format: constraint && { constraint, param: 'response_format' },
    sampling: body,
    maxTokens: limitOf(max_completion_tokens ?? max_tokens),
    logprobs: body.logprobs ? (body.top_logprobs ?? 0) : undefined,
    variables: templateVariables(body.chat_template_kwargs, reasoning_effort),
    effort: reasoning_effort,
    thinkingBudget: body.thinking_token_budget,
    continueFinalMessage: body.continue_final_message,
  };
}

type ToolCall = { id: string; type: 'function'; function: { name: string; arguments: string } };

async function collect({ body, model, card, work }: Call<ChatBody>, events: AsyncIterable<ChatEvent>) {
  const n = body.n ?? 1;
  const texts: string[] = new Array(n).fill('');
  const thoughts: string[] = new Array(n).fill('');
  const calls: ToolCall[][] = texts.map(() => []);
  const tokens: TokenInfo[][] = texts.map(() => []);
  const reasons: string[] = new Array(n).fill('stop');
  let usage: Tokens | undefined;
  for await (const event of events) {
    if (event.type === 'delta') {
      tokens[event.index].push(...event.tokens);
      if ('content' in event.delta) texts[event.index] += event.delta.content;
      else addCall(calls[event.index], event.delta.call);
    } else if (event.type === 'thought') {
      thoughts[event.index] += event.text;
    } else if (event.type === 'finish') {
      tokens[event.index].push(...event.tokens);
      reasons[event.index] = event.reason;
    } else if (event.type === 'end') usage = event;
  }
  return {
    id: work.answer,
    object: 'chat.completion',
    created: secondsNow(),
    model,
    system_fingerprint: card.fingerprint ?? null,
    choices: texts.map((text, index) => ({
      index,
      message: {
        role: 'assistant',
        content: text === '' && calls[index].length > 0 ? null : text,
        refusal: null,
        ...(thoughts[index] === '' ? {} : { reasoning_content: thoughts[index] }),
        ...(calls[index].length > 0 ? { tool_calls: calls[index] } : {}),
      },
      logprobs: body.logprobs ? { content: chatLogprobs(tokens[index]), refusal: null } : null,
      finish_reason: reasons[index],
    })),
    usage: usage && usageOf(usage),
  };
}

/** Joins the deltas of calls. */
export function addCall(
  calls: ToolCall[],
  { index, id, name, arguments: text }: Extract<ChatDelta, { call: object }>['call'],
) {
  if (id !== undefined) calls[index] = { id, type: 'function', function: { name: name!, arguments: '' } };
  calls[index].function.arguments += text;
}

async function* frames(
  { body, model, card, work }: Call<ChatBody>,
  events: AsyncIterable<ChatEvent>,
): AsyncGenerator<string> {
  const n = body.n ?? 1;
  const wantsUsage = body.stream_options?.include_usage === true;
  const head = {
    id: work.answer,
    object: 'chat.completion.chunk',
    created: secondsNow(),
    model,
    system_fingerprint: card.fingerprint ?? null,
  };
  const chunk = (index: number, delta: object, tokens: TokenInfo[], reason: string | null): string =>
    dataFrame({
      ...head,
      choices: [
        {
          index,
          delta,
          logprobs: body.logprobs && tokens.length > 0 ? { content: chatLogprobs(tokens), refusal: null } : null,
          finish_reason: reason,
        },
      ],
      ...(wantsUsage ? { usage: null } : {}),
    });
  for await (const event of events) {
    if (event.type === 'start') {
      for (let i = 0; i < n; i++) yield chunk(i, { role: 'assistant', content: '', refusal: null }, [], null);
    } else if (event.type === 'delta') {
      yield chunk(event.index, wireDelta(event.delta), event.tokens, null);
    } else if (event.type === 'thought') {
      yield chunk(event.index, { reasoning_content: event.text }, [], null);
    } else if (event.type === 'finish') {
      yield chunk(event.index, {}, event.tokens, event.reason);
    } else if (wantsUsage) {
      yield dataFrame({ ...head, choices: [], usage: usageOf(event) });
    }
  }
  yield DONE;
}

function wireDelta(delta: ChatDelta): object {
  if ('content' in delta) return delta;
  const { index, id, name, arguments: text } = delta.call;
  const call =
    id === undefined
      ? { function: { arguments: text } }
      : { id, type: 'function', function: { name, arguments: text } };
  return { tool_calls: [{ index, ...call }] };
}
