/** A question put to a model with a strategy of reasoning, as it goes. */
import type { ReasoningEvent, StrategyInfo } from '../../../src/serve/studio/api.ts';
import { connectionLost, getJson, request, ServerError } from './request.ts';
import { eventsOf } from './sse.ts';

export type { ReasoningEvent, StrategyInfo, Tokens, TreeNode, Vote } from '../../../src/serve/studio/api.ts';

const API = '/studio/api';

export const listStrategies = (signal?: AbortSignal): Promise<StrategyInfo[]> => getJson(`${API}/strategies`, signal);

/** Ends with the result. @throws ServerError when the server refuses, or is gone before the end */
export async function* reason(body: object, signal: AbortSignal): AsyncGenerator<ReasoningEvent> {
  const response = await request(`${API}/reason`, { method: 'POST', body, signal });
  try {
    for await (const data of eventsOf(response.body!)) {
      const event = JSON.parse(data) as ReasoningEvent;
      if (event.type === 'error') {
        const { code, message, hint } = event.error;
        throw new ServerError({ status: 200, code, message, hint });
      }
      yield event;
      if (event.type === 'result') return;
    }
  } catch (error) {
    // What a broken stream throws.
    if (signal.aborted || !(error instanceof TypeError)) throw error;
  }
  throw connectionLost();
}
