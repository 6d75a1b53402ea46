/** A model that says what it was told to: for tests of everything around a model. A token is a character. */
import type {
  Engine,
  GenerationEvent,
  GenerationRequest,
  ModelCard,
  ModelPool,
  Prompt,
  TokenInfo,
} from '../../src/engine/protocol.ts';
import { UserError } from '../../src/support/errors.ts';

export interface FakeOptions {
  card?: Partial<ModelCard>;
  /** What it says; by request and number of the text. */
  says?: string | ((request: GenerationRequest, index: number) => string);
  /** Milliseconds before each token, and before the first event. */
  tokenMs?: number;
  prefillMs?: number;
  /** Thrown after so many tokens. */
  fails?: { after: number; error: Error };
}

export interface FakeEngine extends Engine {
  /** Requests as they came, and how many of them were aborted. */
  readonly requests: GenerationRequest[];
  readonly aborted: number;
}

const codeOf = (char: string): number => char.codePointAt(0)!;
const textOfIds = (ids: readonly number[]): string => String.fromCodePoint(...ids);

export function textOfPrompt(prompt: Prompt): string {
  if ('text' in prompt) return prompt.text;
  if ('ids' in prompt) return textOfIds(prompt.ids);
  return prompt.messages.map(({ role, content }) => `${role}: ${content}\n`).join('');
}

function tokenOf(char: string, alternatives: number, isFirst = false): TokenInfo {
  const one = (text: string, logprob: number) => ({ id: codeOf(text), text, bytes: [...Buffer.from(text)], logprob });
  return {
    ...one(char, -0.5),
    logprob: isFirst ? null : -0.5,
    top: isFirst || alternatives === 0 ? [] : [one(char, -0.5), one('?', -1.5)].slice(0, alternatives),
  };
}

const pause = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    signal?.addEventListener('abort', stop, { once: true });
  });

export function fakeEngine({
  card,
  says = 'Hello there.',
  tokenMs = 0,
  prefillMs = 0,
  fails,
}: FakeOptions = {}): FakeEngine {
  const requests: GenerationRequest[] = [];
  let aborted = 0;
  const say = (request: GenerationRequest, index: number): string =>
    typeof says === 'string' ? says : says(request, index);

  async function* generate(request: GenerationRequest, signal?: AbortSignal): AsyncGenerator<GenerationEvent> {
    requests.push(request);
    try {
      signal?.throwIfAborted();
      const { n = 1, maxTokens = 1000, stop = [], logprobs, promptLogprobs } = request;
      const prompt = [...textOfPrompt(request.prompt)];
      if (prefillMs > 0) await pause(prefillMs, signal);
      const counts = { promptTokens: prompt.length, cachedTokens: 0 };
      const scored =
        promptLogprobs === undefined ? undefined : prompt.map((char, i) => tokenOf(char, promptLogprobs, i === 0));
      yield { type: 'start', ...counts, prompt: scored };
      let completionTokens = 0;
      for (let index = 0; index < n; index++) {
        let text = say(request, index);
        const stops = stop
          .map(one => [text.indexOf(one), one] as const)
          .filter(([at]) => at >= 0)
          .sort(([a], [b]) => a - b);
        if (stops.length > 0) text = text.slice(0, stops[0][0]);
        const chars = [...text];
        for (const char of chars.slice(0, maxTokens)) {
          if (tokenMs > 0) await pause(tokenMs, signal);
          signal?.throwIfAborted();
          if (fails && completionTokens === fails.after) throw fails.error;
          completionTokens++;
          yield {
            type: 'text',
            index,
            text: char,
            tokens: logprobs === undefined ? undefined : [tokenOf(char, logprobs)],
          };
        }
        yield {
          type: 'finish',
          index,
          reason: chars.length > maxTokens || maxTokens === 0 ? 'length' : 'stop',
          stop: stops[0]?.[1],
        };
      }
      yield { type: 'end', ...counts, completionTokens };
    } catch (error) {
      if (signal?.aborted) aborted++;
      throw error;
    }
  }

  const results = {
    tokenize: ({ prompt }: { prompt: Prompt }) => {
      const chars = [...textOfPrompt(prompt)];
      return { ids: chars.map(codeOf), tokens: chars };
    },
    detokenize: ({ ids }: { ids: readonly number[] }) => ({ text: textOfIds(ids) }),
    embed: ({ inputs, dimensions = 4 }: { inputs: readonly unknown[]; dimensions?: number }) => ({
      vectors: inputs.map((_, i) => Float32Array.from({ length: dimensions }, (_, j) => i + j / 8)),
      tokens: inputs.length,
    }),
    classify: ({ inputs, topK = 2 }: { inputs: readonly unknown[]; topK?: number }) => ({
      labels: inputs.map(() =>
        [
          { label: 'good', score: 0.75 },
          { label: 'bad', score: 0.25 },
        ].slice(0, topK),
      ),
      tokens: inputs.length,
    }),
    rerank: ({ documents }: { documents: readonly string[] }) => ({
      scores: documents.map(text => text.length),
      tokens: 7,
    }),
    fillMask: ({ input, topK = 5 }: { input: string; topK?: number }) => ({
      masks: [
        Array.from({ length: topK }, (_, i) => ({
          id: i,
          token: `t${i}`,
          score: 1 / (i + 2),
          sequence: `${input}${i}`,
        })),
      ],
      tokens: input.length,
    }),
    answer: ({ context, topK = 1 }: { context: string; topK?: number }) => ({
      answers: Array.from({ length: topK }, (_, i) => ({
        text: context.slice(0, 3),
        score: 1 / (i + 1),
        start: 0,
        end: 3,
      })),
      tokens: context.length,
    }),
  };

  return {
    card: {
      id: 'fake',
      created: 1_700_000_000,
      abilities: ['generate', 'chat', 'embed', 'classify', 'rerank', 'fillMask', 'translate', 'summarize', 'answer'],
      contextLength: 4096,
      vocabularySize: 0x110000,
      ...card,
    },
    requests,
    get aborted() {
      return aborted;
    },
    generate,
    call: async (name, input, signal) => {
      signal?.throwIfAborted();
      return results[name as keyof typeof results](input as never) as never;
    },
    stats: async () => ({
      queued: 0,
      running: 0,
      cacheUsedTokens: 5,
      cacheTokens: 10,
      cachedTokens: 0,
      promptTokens: 0,
      completionTokens: 0,
      steps: 4,
      batchSizes: 6,
      tensorBytes: 0,
      constraintBytes: 0,
    }),
    loadAdapter: async (name, path) => ({ id: name, created: 1, abilities: ['generate'], parent: 'fake', path }),
    unloadAdapter: async () => {},
    close: async () => {},
  };
}

/** Engines by their names; what is loaded later says nothing new. */
export function fakePool(...engines: Engine[]): ModelPool {
  const all = new Map(engines.map(engine => [engine.card.id, engine]));
  return {
    isReady: true,
    states: () => [...all.keys()].map(id => ({ id, isUp: true, restarts: 0 })),
    list: () => Array.from(all.values(), ({ card }) => card),
    find(name) {
      const engine = all.get(name);
      if (!engine) throw new UserError('TSLM_MODEL_NOT_FOUND', `there is no model '${name}'`);
      return { engine, card: engine.card, hold: () => () => {} };
    },
    async load({ path, name = path }) {
      const engine = fakeEngine({ card: { id: name, path } });
      all.set(name, engine);
      return engine.card;
    },
    async replace(name, path) {
      const engine = fakeEngine({ card: { id: name, path } });
      all.set(name, engine);
      return { card: engine.card, drained: Promise.resolve() };
    },
    async unload(name) {
      if (!all.delete(name)) throw new UserError('TSLM_MODEL_NOT_FOUND', `there is no model '${name}'`);
    },
    close: async () => {},
  };
}
