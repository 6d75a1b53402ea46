/**
 * One question at work: every request of a strategy goes through here, so that seeds follow from one seed, tokens are counted,
 * a budget is kept to the token, and an abort ends it within a step.
 */
import {
  type Completer,
  type CompletionRequest,
  type CompletionResult,
  type ContinuationScore,
  type PromptText,
  withPrefill,
} from '../completer.ts';
import type { Parsed } from '../program/parsers.ts';
import type { Tool } from './tools.ts';
import type { TreeNode } from './tree-node.ts';
import type { Verifier } from './verifier.ts';

export interface Chain {
  text: string;
  /** Null where no answer was found in it. */
  answer: Parsed | null;
  tokens: number;
  /** Sum over its tokens, nats. */
  logProb?: number;
  /** What a verifier or an evaluator gave it. */
  score?: number;
  /** Whether it came to its end, and not to a stop text or the limit of tokens. */
  isOver?: boolean;
  /** Whether the limit of tokens cut it off. */
  isCut?: boolean;
}

export interface Tokens {
  /** Prompts and completions that went through the model. */
  computed: number;
  /** The same had every text read its whole prompt by itself. */
  naive: number;
  /** Completions alone. */
  written: number;
  requests: number;
}

/** What happens, for whoever watches. */
export type StrategyEvent =
  | { type: 'text'; request: number; index: number; text: string }
  /** The texts of a request are whole. */
  | { type: 'written'; request: number }
  | { type: 'chain'; chain: Chain }
  /** A thought of a tree, new or with another value. */
  | { type: 'thought'; node: TreeNode }
  | { type: 'step'; note: string };

export interface SessionOptions {
  /** Default 0. */
  seed?: number;
  signal?: AbortSignal;
  /** Most tokens that are written in all. */
  budget?: number;
  /** Most tokens that are read and written in all, each prompt counted once a text. */
  cap?: TokenCap;
  onEvent?: (event: StrategyEvent) => void;
  /** What strategies with a verifier ask it. */
  verifier?: Verifier;
  /** What ReAct may call. */
  tools?: readonly Tool[];
}

/** A limit that several sessions share. */
export interface TokenCap {
  readonly limit: number;
  spent: number;
}

/** A budget is spent: what there is by now is the result. */
export class BudgetSpent extends Error {}

export interface Session {
  readonly completer: Completer;
  readonly signal: AbortSignal | undefined;
  readonly tokens: Tokens;
  readonly verifier: Verifier | undefined;
  readonly tools: readonly Tool[];
  /** Those that came to an end, answers or not. */
  readonly chains: Chain[];
  /** Seeds of requests, and of what a strategy draws, each used once. */
  nextSeed(): number;
  /** @throws BudgetSpent when nothing may be written any more */
  complete(request: Omit<CompletionRequest, 'seed'>): Promise<CompletionResult>;
  score(prompt: PromptText, continuations: readonly string[]): Promise<ContinuationScore[] | undefined>;
  /** Notes a chain that came to its end. */
  end(chain: Chain): Chain;
  note(note: string): void;
  /** Tells of a thought of a tree. */
  grow(node: TreeNode): void;
}

export function createSession(completer: Completer, options: SessionOptions = {}): Session {
  const { seed = 0, signal, budget = Number.POSITIVE_INFINITY, cap, onEvent } = options;
  const tokens: Tokens = { computed: 0, naive: 0, written: 0, requests: 0 };
  const chains: Chain[] = [];
  let drawn = 0;
  // What requests under way may still write.
  let promised = 0;
  const nextSeed = (): number => mixed(seed, drawn++);

  /** How many texts there may be, tokens that each may have, and at most how many one prompt has. */
  async function roomFor({ prompt, prefill = '', n = 1, maxTokens = 256 }: Omit<CompletionRequest, 'seed'>) {
    const whole =
      typeof prompt === 'string' ? prompt + prefill : prefill === '' ? prompt : withPrefill(prompt, prefill);
    // Bytes bound the tokens of whoever cannot count them.
    const reading = cap ? ((await completer.countTokens?.(whole)) ?? Buffer.byteLength(JSON.stringify(whole))) : 0;
    const free = budget - tokens.written - promised;
    const left = cap ? cap.limit - cap.spent : Number.POSITIVE_INFINITY;
    // Rather fewer texts than texts without a token.
    const count = Math.min(n, free, Math.floor(left / (reading + 1)));
    if (count < 1) throw new BudgetSpent();
    const most = Math.min(maxTokens, Math.floor(free / count), Math.floor(left / count) - reading);
    promised += count * most;
    if (cap) cap.spent += count * (reading + most);
    return { count, most, reserved: count * reading };
  }

  return {
    completer,
    signal,
    verifier: options.verifier,
    tools: options.tools ?? [],
    tokens,
    chains,
    nextSeed,
    async complete(request) {
      signal?.throwIfAborted();
      const seed = nextSeed();
      const { count: n, most, reserved } = await roomFor(request);
      const number = tokens.requests++;
      let spent = 0;
      try {
        const result = await completer.complete(
          { ...request, n, maxTokens: most, seed },
          {
            signal,
            ...(onEvent && {
              onText: (index: number, text: string) => onEvent({ type: 'text', request: number, index, text }),
            }),
          },
        );
        const written = result.completions.reduce((sum, one) => sum + one.tokens, 0);
        tokens.written += written;
        tokens.computed += result.computedTokens;
        tokens.naive += n * result.promptTokens + written;
        spent = n * result.promptTokens + written;
        return result;
      } finally {
        onEvent?.({ type: 'written', request: number });
        promised -= n * most;
        if (cap) cap.spent -= reserved + n * most - spent;
      }
    },
    async score(prompt, continuations) {
      signal?.throwIfAborted();
      const scores = await completer.score?.(prompt, continuations, signal);
      if (!scores) return undefined;
      // What is scored is read and not written.
      const length = (await completer.countTokens?.(prompt)) ?? 0;
      const read = scores.reduce((sum, one) => sum + one.tokens, 0);
      tokens.computed += length + read;
      tokens.naive += length * scores.length + read;
      if (cap) cap.spent += length * scores.length + read;
      return scores;
    },
    end(chain) {
      chains.push(chain);
      onEvent?.({ type: 'chain', chain });
      return chain;
    },
    note: note => onEvent?.({ type: 'step', note }),
    grow: node => onEvent?.({ type: 'thought', node }),
  };
}

/** A seed of its own for each number (splitmix32's finaliser). */
function mixed(seed: number, number: number): number {
  let z = (seed + Math.imul(number + 1, 0x9e3779b9)) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return (z ^ (z >>> 16)) >>> 1;
}
