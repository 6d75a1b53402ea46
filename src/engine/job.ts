/** A request at work: its texts, and what goes back to whoever asked. */
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { type Choice, createChoice } from './choice.ts';
import type { PreparedRequest } from './prepare.ts';
import type { GenerationEvent, GenerationRequest, Owner, TokenInfo } from './protocol.ts';
import { NOBODY } from './shares.ts';

export interface Job extends PreparedRequest {
  readonly request: GenerationRequest;
  readonly owner: Owner;
  /** What keys and values are of: texts with the same one share pages. */
  readonly root: string;
  readonly choices: readonly Choice[];
  /** Texts that are drawn. */
  readonly count: number;
  /** Whether each token's log-probability must be known: it is asked for, or decides which texts are the best. */
  readonly needsInfo: boolean;
  isCancelled: boolean;
  /** Says what the prompt was read as; once. */
  start(cachedTokens: number, prompt?: TokenInfo[]): void;
  /** Passes on what a text shows; with `bestOf` it waits for the end. */
  show(choice: Choice, events: readonly GenerationEvent[]): void;
  /** Whether every text has come to its end. */
  readonly isDone: boolean;
  readonly hasStarted: boolean;
}

/**
 * @param send takes what is ready to go back
 * @param options.root content of the adapter; default its name
 * @param options.pageSize tokens of a page, where full pages of the prompt are kept for other requests
 */
export function createJob(
  request: GenerationRequest,
  prepared: PreparedRequest,
  tokenizer: Tokenizer,
  send: (events: readonly GenerationEvent[]) => void,
  { owner = NOBODY, pageSize, root = request.adapter ?? '' }: { owner?: Owner; pageSize?: number; root?: string } = {},
): Job {
  const { n = 1, bestOf } = request;
  const count = bestOf ?? n;
  const { ids, config } = prepared;
  const choices = Array.from({ length: count }, (_, index) =>
    createChoice(tokenizer, index, { promptIds: ids, stop: config.stopStrings }),
  );
  const held: GenerationEvent[][] = choices.map(() => []);
  let open = count;
  let cached = 0;
  let hasStarted = false;

  /** The texts with the best mean log-probability, the best first. */
  function best(): GenerationEvent[] {
    const mean = ({ logProbability, length }: Choice): number => logProbability / Math.max(1, length);
    const order = choices.toSorted((a, b) => mean(b) - mean(a)).slice(0, n);
    return order.flatMap(({ index }, rank) => held[index].map(event => ({ ...event, index: rank }) as GenerationEvent));
  }

  return {
    ...prepared,
    request,
    owner,
    root,
    choices,
    count,
    needsInfo: request.logprobs !== undefined || count > n,
    isCancelled: false,
    start(cachedTokens, prompt) {
      hasStarted = true;
      cached = cachedTokens;
      send([{ type: 'start', promptTokens: ids.length, cachedTokens, ...(prompt && { prompt }) }]);
    },
    show(choice, events) {
      if (count > n) held[choice.index].push(...events);
      else if (events.length > 0) send(events);
      if (!events.some(({ type }) => type === 'finish')) return;
      open--;
      if (open > 0) return;
      const completionTokens = choices.reduce((sum, { length }) => sum + length, 0);
      const last = ids.length - 1; // of which the logits are always computed
      const kept = pageSize === undefined ? 0 : last - (last % pageSize);
      const end: GenerationEvent = {
        type: 'end',
        promptTokens: ids.length,
        cachedTokens: cached,
        cacheWriteTokens: Math.max(0, kept - cached),
        completionTokens,
      };
      send([...(count > n ? best() : []), end]);
    },
    get isDone() {
      return open === 0;
    },
    get hasStarted() {
      return hasStarted;
    },
  };
}
