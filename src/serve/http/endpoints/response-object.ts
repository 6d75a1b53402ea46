/** The object that `/v1/responses` answers with, whole or event by event. */
import type { Call } from '../call.ts';
import type { ResponsesBody } from '../schemas/responses.ts';
import { limitOf } from '../schemas/sampling.ts';
import { secondsNow } from '../work.ts';

/** The answer before it has begun: what was asked for, as OpenAI repeats it. */
export function responseOf({ body, model, work, recording }: Call<ResponsesBody>) {
  return {
    id: work.answer!,
    object: 'response',
    created_at: secondsNow(),
    status: 'in_progress',
    background: false,
    error: null as object | null,
    incomplete_details: null as object | null,
    instructions: body.instructions ?? null,
    max_output_tokens: limitOf(body.max_output_tokens) ?? null,
    metadata: body.metadata ?? {},
    model,
    output: [] as object[],
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: null,
    reasoning: { effort: body.reasoning?.effort ?? null, summary: body.reasoning?.summary ?? null },
    service_tier: 'default',
    store: recording !== undefined,
    temperature: body.temperature ?? 1,
    text: { format: body.text?.format ?? { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    top_logprobs: body.top_logprobs ?? 0,
    top_p: body.top_p ?? 1,
    truncation: 'disabled',
    usage: null as object | null,
    user: body.user ?? null,
  };
}

export type ResponseObject = ReturnType<typeof responseOf>;
