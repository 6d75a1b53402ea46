/** A model whose answers are given: tests of strategies know what each of them is to make of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Completer, type CompletionRequest, textOfPrompt } from '../completer.ts';

/** A text, or with it how probable it is. */
export type ScriptedText = string | { text: string; logProb?: number };

/** The text of draw `index` of a request, numbered over all texts that were asked for. */
export type Script = (prompt: string, index: number, request: CompletionRequest) => ScriptedText;

export interface ScriptedOptions {
  /** Milliseconds that an answer takes. Default 0. */
  delay?: number;
  /** Of `score`. */
  logProb?: (prompt: string, continuation: string) => number;
  embed?: (text: string) => Float32Array;
  isChat?: boolean;
}

/** Words are its tokens. */
const words = (text: string): string[] => text.match(/\s*\S+/g) ?? [];

/** A completer for tests, which keeps what it was asked. */
export interface ScriptedCompleter extends Completer {
  readonly requests: readonly CompletionRequest[];
}

/** A completer that answers as the script says, its words as tokens. */
export function scriptedCompleter(script: Script, options: ScriptedOptions = {}): ScriptedCompleter {
  const { delay = 0, logProb, embed, isChat = true } = options;
  const requests: CompletionRequest[] = [];
  let drawn = 0;
  return {
    name: 'scripted',
    isChat,
    requests,
    async complete(request, { signal, onText } = {}) {
      signal?.throwIfAborted();
      requests.push(request);
      const { n = 1, maxTokens = 256, stop = [] } = request;
      const first = drawn;
      drawn += n;
      if (delay > 0) await sleep(delay, undefined, { signal });
      const prompt = textOfPrompt(request.prompt) + (request.prefill ?? '');
      const completions = Array.from({ length: n }, (_, i) => {
        const given = script(prompt, first + i, request);
        const { text, logProb: own } = typeof given === 'string' ? { text: given, logProb: -1 } : given;
        const [ending] = stop.filter(one => text.includes(one)).sort((a, b) => text.indexOf(a) - text.indexOf(b));
        const whole = words(ending === undefined ? text : text.slice(0, text.indexOf(ending)));
        const kept = whole.slice(0, maxTokens);
        const reason = kept.length < whole.length ? ('length' as const) : ('stop' as const);
        onText?.(i, kept.join(''));
        return { text: kept.join(''), tokens: kept.length, logProb: own, reason, stop: ending ?? null };
      });
      const promptTokens = words(prompt).length;
      const written = completions.reduce((sum, { tokens }) => sum + tokens, 0);
      return { completions, promptTokens, computedTokens: promptTokens + written };
    },
    ...(logProb && {
      score: async (prompt, continuations) =>
        continuations.map(one => ({ logProb: logProb(textOfPrompt(prompt), one), tokens: words(one).length })),
    }),
    ...(embed && { embed: async texts => texts.map(embed) }),
    countTokens: async prompt => words(textOfPrompt(prompt)).length,
    [Symbol.asyncDispose]: async () => {},
  };
}
