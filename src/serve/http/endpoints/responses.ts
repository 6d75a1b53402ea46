/** `POST /v1/responses` (OpenAI, Responses). Conversations are not continued by id: each request brings its whole conversation. */
import { endpoint } from '../call.ts';
import { type ChatEvent, formatConstraint, startChat, templateVariables } from '../chat-plan.ts';
import { answerOf } from '../errors.ts';
import { badParameter } from '../parameters.ts';
import { checkStreamOptions } from '../sampling-request.ts';
import { response, responseEvent } from '../schemas/answers/responses.ts';
import { messagesOf, type ResponsesBody, responsesSchema } from '../schemas/responses.ts';
import { limitOf } from '../schemas/sampling.ts';
import { eventStream, namedFrame } from '../stream/event-stream.ts';
import { responseOf } from './response-object.ts';
import { createOutput, type Output } from './responses-output.ts';

export const responses = endpoint({
  path: '/v1/responses',
  summary: "answers a conversation, in OpenAI's newer form",
  schema: responsesSchema,
  answer: response,
  streamed: responseEvent,
  input: 'input',
  ability: 'chat',
  answers: 'resp_',
  async handle(call) {
    const { body, work } = call;
    checkStreamOptions(body);
    const events = startChat(call, askOf(body));
    const output = createOutput(responseOf(call), hasLogprobs(body));
    if (!body.stream) {
      for await (const event of events) output.take(event);
      return Response.json(output.response);
    }
    const errorFrame = (error: unknown): string => failedFrame(output, error);
    return eventStream(work, frames(events, output), { errorFrame });
  },
});

const hasLogprobs = ({ include = [] }: ResponsesBody): boolean => include.includes('message.output_text.logprobs');

function askOf(body: ResponsesBody) {
  const { tool_choice, text } = body;
  if (body.top_logprobs && !hasLogprobs(body)) {
    throw badParameter('top_logprobs', "goes with include: ['message.output_text.logprobs']");
  }
  const messages = messagesOf(body);
  const constraint = text?.format ? formatConstraint(text.format) : undefined;
  return {
    messages,
    tools: body.tools,
    toolChoice: tool_choice,
    parallelToolCalls: body.parallel_tool_calls,
    format: constraint && { constraint, param: 'text.format' },
    sampling: body,
    maxTokens: limitOf(body.max_output_tokens),
    logprobs: hasLogprobs(body) ? (body.top_logprobs ?? 0) : undefined,
    variables: templateVariables(undefined, body.reasoning?.effort),
    effort: body.reasoning?.effort,
    effortParam: 'reasoning.effort',
    thinkingBudget: body.thinking_token_budget,
  };
}

async function* frames(events: AsyncIterable<ChatEvent>, output: Output): AsyncGenerator<string> {
  for await (const event of events) for (const one of output.take(event)) yield namedFrame(one.type, one);
}

function failedFrame(output: Output, error: unknown): string {
  const { code, message } = answerOf(error).body.error;
  const failed = output.fail({ code: code ?? 'server_error', message });
  return namedFrame(failed.type, failed);
}
