/** Follows an answer as it is written, and keeps it when it is whole: scrubbed, with its tokens and their log-probabilities. */
import type { Rows, Said, Tools } from '../data/rows/rows.ts';
import type { GenerationRequest } from '../engine/protocol.ts';
import type { ThinkingEvent } from '../engine/thinking.ts';
import { type Scrubber, scrubSaid, scrubValue } from './scrub/scrub.ts';
import type { FeedbackStore } from './store/store.ts';
import type { Choice } from './store/stored.ts';

export interface Asked {
  /** Id of the answer in the response. */
  id: string;
  model: string;
  /** `system_fingerprint` of what answers. */
  revision: string;
  user: string;
  conversation?: string;
  /** The answer that is shown, where this one is not. */
  shadowOf?: string;
}

export interface Recording {
  /** Asks for what is to be kept beside the text. */
  request(given: GenerationRequest): GenerationRequest;
  take(request: GenerationRequest, event: ThinkingEvent): void;
}

interface Writing {
  text: string;
  finish: string;
  ids: number[];
  logprobs: number[];
  /** Thoughts are not kept, and probabilities behind them say nothing without them. */
  hasThoughts: boolean;
}

export interface RecorderOptions {
  store: FeedbackStore;
  scrub: Scrubber;
  retentionDays: number;
  /** Told of an answer that was kept, with what was asked; thoughts in it are none of it. */
  onAnswer?: (answer: Kept) => void;
  now?: () => number;
}

export interface Kept {
  asked: Asked;
  request: GenerationRequest;
  /** Mean of its tokens. */
  logprob: number | undefined;
  hasThoughts: boolean;
}

const DAY = 86_400_000;

/** @returns what records one answer */
export function createRecorder({ store, scrub, retentionDays, onAnswer, now = Date.now }: RecorderOptions) {
  const { keyed } = store;
  return (asked: Asked): Recording => {
    const { id, model, revision, user, conversation, shadowOf } = asked;
    const choices = new Map<number, Writing>();
    const of = (index: number): Writing => {
      const choice = choices.get(index) ?? { text: '', finish: 'length', ids: [], logprobs: [], hasThoughts: false };
      choices.set(index, choice);
      return choice;
    };
    const save = (request: GenerationRequest): void => {
      const { prompt, tools } = saidOf(request);
      const created = now();
      const kept = [...choices].map(([position, { text, finish, ids, logprobs, hasThoughts }]): Choice => {
        const clean = scrub(text);
        // Tokens say what the text said.
        const isWhole = clean === text && ids.length > 0 && !hasThoughts;
        return { position, text: clean, finish, ...(isWhole && { tokenIds: ids, logprobs }) };
      });
      store.addAnswer({
        id,
        created,
        model,
        revision,
        user: keyed.user(user),
        ...(conversation !== undefined && { conversation: keyed.conversation(conversation) }),
        prompt: scrubSaid(prompt, scrub),
        ...(tools && { tools: scrubValue(tools, scrub) as Tools }),
        ...(retentionDays > 0 && { expires: created + retentionDays * DAY }),
        ...(shadowOf !== undefined && { shadowOf }),
        choices: kept,
      });
      store.countScrubbed(scrub.take());
      const all = [...choices.values()].flatMap(({ logprobs }) => logprobs);
      const logprob = all.length === 0 ? undefined : all.reduce((a, b) => a + b, 0) / all.length;
      const hasThoughts = [...choices.values()].some(choice => choice.hasThoughts);
      onAnswer?.({ asked, request, logprob, hasThoughts });
    };
    return {
      // Beams have no log-probabilities token by token.
      request: given => (given.beams === undefined ? { ...given, logprobs: given.logprobs ?? 0 } : given),
      take(request, event) {
        if (event.type === 'text') {
          const choice = of(event.index);
          choice.text += event.text;
          for (const { id: token, logprob } of event.tokens ?? []) {
            choice.ids.push(token);
            choice.logprobs.push(Number((logprob ?? 0).toFixed(5)));
          }
        } else if (event.type === 'thought') of(event.index).hasThoughts = true;
        else if (event.type === 'finish') of(event.index).finish = event.reason;
        else if (event.type === 'end') save(request);
      },
    };
  };
}

function saidOf({ prompt }: GenerationRequest): { prompt: Said; tools?: Tools } {
  if ('messages' in prompt) return { prompt: prompt.messages, tools: prompt.tools as Rows['chat']['tools'] };
  return { prompt: 'text' in prompt ? prompt.text : prompt.ids.join(' ') };
}
