/** The items of a response, and the events that tell of each change to them. */
import type { TokenInfo } from '../../../engine/protocol.ts';
import type { ChatDelta } from '../../../engine/tools/tool-call-reader.ts';
import type { ChatEvent } from '../chat-plan.ts';
import { chatLogprobs } from '../logprobs.ts';
import { newId } from '../work.ts';
import type { ResponseObject } from './response-object.ts';

export type StreamEvent = { type: string; sequence_number: number } & Record<string, unknown>;

export interface Output {
  readonly response: ResponseObject;
  /** Takes what comes of the answer; returns what a stream says of it. */
  take(event: ChatEvent): StreamEvent[];
  fail(error: { code: string; message: string }): StreamEvent;
}

type Item = TextItem | ThoughtItem | CallItem;

interface TextItem {
  kind: 'message';
  id: string;
  text: string;
  tokens: TokenInfo[];
}

interface ThoughtItem {
  kind: 'reasoning';
  id: string;
  text: string;
}

interface CallItem {
  kind: 'call';
  id: string;
  index: number;
  callId: string;
  name: string;
  text: string;
}

export function createOutput(response: ResponseObject, hasLogprobs: boolean): Output {
  let sequence = 0;
  let item: Item | undefined;
  let place = 0;
  const event = (type: string, fields: Record<string, unknown>): StreamEvent => ({
    type,
    sequence_number: sequence++,
    ...fields,
  });
  const whole = (type: string): StreamEvent => event(type, { response: { ...response, output: [...response.output] } });
  const logprobsOf = (tokens: readonly TokenInfo[]): unknown[] => (hasLogprobs ? chatLogprobs(tokens) : []);
  const partOf = ({ text, tokens }: TextItem) => ({
    type: 'output_text',
    text,
    annotations: [],
    logprobs: logprobsOf(tokens),
  });
  const thoughtOf = ({ text }: ThoughtItem) => ({ type: 'reasoning_text', text });
  const objectOf = (one: Item, status: string): object => {
    if (one.kind === 'reasoning') {
      const content = status === 'in_progress' ? [] : [thoughtOf(one)];
      return { id: one.id, type: 'reasoning', status, summary: [], content };
    }
    return one.kind === 'message'
      ? {
          id: one.id,
          type: 'message',
          status,
          role: 'assistant',
          content: status === 'in_progress' ? [] : [partOf(one)],
        }
      : { id: one.id, type: 'function_call', status, call_id: one.callId, name: one.name, arguments: one.text };
  };

  const open = (one: Item): StreamEvent[] => {
    const before = close('completed');
    item = one;
    place = response.output.length;
    const added = [
      ...before,
      event('response.output_item.added', { output_index: place, item: objectOf(one, 'in_progress') }),
    ];
    if (one.kind !== 'call') {
      added.push(
        event('response.content_part.added', {
          item_id: one.id,
          output_index: place,
          content_index: 0,
          part: one.kind === 'message' ? partOf(one) : thoughtOf(one),
        }),
      );
    }
    return added;
  };

  const close = (status: 'completed' | 'incomplete'): StreamEvent[] => {
    if (!item) return [];
    const one = item;
    item = undefined;
    const at = { item_id: one.id, output_index: place };
    response.output.push(objectOf(one, status));
    const done = (): StreamEvent =>
      event('response.output_item.done', { output_index: place, item: objectOf(one, status) });
    if (one.kind === 'reasoning') {
      return [
        event('response.reasoning_text.done', { ...at, content_index: 0, text: one.text }),
        event('response.content_part.done', { ...at, content_index: 0, part: thoughtOf(one) }),
        done(),
      ];
    }
    const events =
      one.kind === 'message'
        ? [
            event('response.output_text.done', {
              ...at,
              content_index: 0,
              text: one.text,
              logprobs: logprobsOf(one.tokens),
            }),
            event('response.content_part.done', { ...at, content_index: 0, part: partOf(one) }),
          ]
        : [event('response.function_call_arguments.done', { ...at, name: one.name, arguments: one.text })];
    return [...events, done()];
  };

  const say = (text: string, tokens: TokenInfo[]): StreamEvent[] => {
    const opened = item?.kind === 'message' ? [] : open({ kind: 'message', id: newId('msg_'), text: '', tokens: [] });
    const message = item as TextItem;
    message.text += text;
    message.tokens.push(...tokens);
    const at = { item_id: message.id, output_index: place, content_index: 0 };
    return [...opened, event('response.output_text.delta', { ...at, delta: text, logprobs: logprobsOf(tokens) })];
  };

  const think = (text: string): StreamEvent[] => {
    const opened = item?.kind === 'reasoning' ? [] : open({ kind: 'reasoning', id: newId('rs_'), text: '' });
    const thought = item as ThoughtItem;
    thought.text += text;
    const at = { item_id: thought.id, output_index: place, content_index: 0 };
    return [...opened, event('response.reasoning_text.delta', { ...at, delta: text })];
  };

  const call = ({ index, id, name, arguments: text }: Extract<ChatDelta, { call: object }>['call']): StreamEvent[] => {
    const opened =
      id === undefined ? [] : open({ kind: 'call', id: newId('fc_'), index, callId: id, name: name!, text: '' });
    const one = item as CallItem;
    one.text += text;
    if (text === '') return opened;
    const at = { item_id: one.id, output_index: place };
    return [...opened, event('response.function_call_arguments.delta', { ...at, delta: text })];
  };

  return {
    response,
    take(one) {
      if (one.type === 'start') return [whole('response.created'), whole('response.in_progress')];
      if (one.type === 'delta')
        return 'content' in one.delta ? say(one.delta.content, one.tokens) : call(one.delta.call);
      if (one.type === 'thought') return think(one.text);
      if (one.type === 'finish') {
        const isCut = one.reason === 'length';
        response.status = isCut ? 'incomplete' : 'completed';
        if (isCut) response.incomplete_details = { reason: 'max_output_tokens' };
        // Of an answer without a word there is a message all the same.
        const opened =
          item || response.output.length > 0 ? [] : open({ kind: 'message', id: newId('msg_'), text: '', tokens: [] });
        return [...opened, ...close(isCut ? 'incomplete' : 'completed')];
      }
      response.usage = {
        input_tokens: one.promptTokens,
        input_tokens_details: { cached_tokens: one.cachedTokens, cache_write_tokens: one.cacheWriteTokens ?? 0 },
        output_tokens: one.completionTokens,
        output_tokens_details: { reasoning_tokens: one.thoughtTokens ?? 0 },
        total_tokens: one.promptTokens + one.completionTokens,
      };
      return [whole(`response.${response.status}`)];
    },
    fail(error) {
      response.status = 'failed';
      response.error = error;
      return whole('response.failed');
    },
  };
}
