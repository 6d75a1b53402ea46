/** Models that are not there: they say plausible things at once, the same ones each time. */
import type {
  AttentionMaps,
  Calls,
  Engine,
  GenerationEvent,
  GenerationRequest,
  LayerPredictions,
  ModelCard,
  ModelPool,
  Results,
  TokenInfo,
} from '../../src/engine/protocol.ts';
import { UserError } from '../../src/support/errors.ts';

export interface FakePool extends ModelPool {
  /** What engines were asked, in order. */
  asked: { model: string; name: string; input: unknown }[];
}

export interface FakeOptions {
  cards?: readonly ModelCard[];
  /** Milliseconds between two tokens. Default 0. */
  delay?: number;
  /** What models say, in place of a story: of text `index` of a request. */
  say?: (prompt: string, index: number) => string;
}

export const fakeCard = (id: string, card: Partial<ModelCard> = {}): ModelCard => ({
  id,
  created: 1_790_000_000,
  modelType: 'gpt2',
  architecture: 'decoder',
  task: 'causalLM',
  abilities: ['generate', 'chat', 'inspect'],
  contextLength: 1024,
  vocabularySize: 50_257,
  parameters: 14_200_000,
  dtype: 'float32',
  hasChatTemplate: true,
  ...card,
});

export function fakePool({ cards = [fakeCard('storyteller')], delay = 0, say }: FakeOptions = {}): FakePool {
  const loaded = new Map(cards.map(card => [card.id, card]));
  const asked: FakePool['asked'] = [];
  const find: ModelPool['find'] = name => {
    const card = loaded.get(name);
    if (card) return { engine: fakeEngine(card, { delay, say }, asked), card, hold: () => () => {} };
    throw new UserError('TSLM_MODEL_NOT_FOUND', `there is no model '${name}'`, { hint: 'GET /v1/models lists all' });
  };
  return {
    asked,
    isReady: true,
    states: () => [...loaded.keys()].map(id => ({ id, isUp: true, restarts: 0 })),
    list: () => [...loaded.values()],
    find,
    async load({ path, name = path.split('/').at(-1)! }) {
      if (path.includes('missing')) {
        throw new UserError('TSLM_NO_MODEL', `${path}: no model here (there is no config.json)`, {
          hint: 'give the folder of a model, or of a run that has reached its first evaluation',
        });
      }
      loaded.set(name, fakeCard(name));
      return loaded.get(name)!;
    },
    async replace(name) {
      loaded.set(name, fakeCard(name));
      return { card: loaded.get(name)!, drained: Promise.resolve() };
    },
    async unload(name) {
      find(name);
      loaded.delete(name);
    },
    async close() {},
  };
}

function fakeEngine(card: ModelCard, options: Pick<FakeOptions, 'delay' | 'say'>, asked: FakePool['asked']): Engine {
  return {
    card,
    async *generate(request, signal) {
      asked.push({ model: card.id, name: 'generate', input: request });
      yield* fakeAnswer(request, options, signal);
    },
    async call<K extends keyof Calls>(name: K, input: Calls[K]): Promise<Results[K]> {
      asked.push({ model: card.id, name, input });
      const { text } = input as { text: string };
      if (name === 'inspectAttention') return fakeAttention(card, text) as Results[K];
      if (name === 'inspectLayers') return fakeLayers(text) as Results[K];
      throw new UserError('TSLM_UNSUPPORTED', `${card.id} cannot ${name}`, { hint: 'ask another model' });
    },
    stats: () => Promise.reject(new Error('not asked for')),
    loadAdapter: () => Promise.reject(new Error('not asked for')),
    unloadAdapter: () => Promise.reject(new Error('not asked for')),
    async close() {},
  };
}

export const STORY =
  'There was once a lighthouse keeper who wrote letters to the sea. Every evening he folded one into a small boat, set it ' +
  'on the water, and watched until the dark took it. He never asked for an answer.\n\nOne morning – after a storm 🌊 – there ' +
  'were a hundred little boats on the beach, and each of them carried a letter in a hand that he did not know.';

/** Words with the space before them; what is outside the basic plane as two halves. */
const tokensOf = (text: string): Uint8Array[] =>
  (text.match(/\n+|\s?[^\s]+/g) ?? []).flatMap(word => {
    const bytes = new TextEncoder().encode(word);
    return word.includes('🌊') ? [bytes.slice(0, 3), bytes.slice(3)] : [bytes];
  });

async function* fakeAnswer(
  { maxTokens = 256, logprobs, prompt, n = 1, stop = [] }: GenerationRequest,
  { delay = 0, say = () => STORY }: Pick<FakeOptions, 'delay' | 'say'>,
  signal?: AbortSignal,
): AsyncGenerator<GenerationEvent> {
  const asked = 'text' in prompt ? prompt.text : JSON.stringify(prompt);
  const promptTokens = JSON.stringify(prompt).split(' ').length;
  yield { type: 'start', promptTokens, cachedTokens: 0 };
  let completionTokens = 0;
  for (let index = 0; index < n; index++) {
    const said = say(asked, index);
    const [ending] = stop.filter(one => said.includes(one)).sort((a, b) => said.indexOf(a) - said.indexOf(b));
    const all = tokensOf(ending === undefined ? said : said.slice(0, said.indexOf(ending)));
    const tokens = all.slice(0, maxTokens);
    const decoder = new TextDecoder();
    for (const [i, bytes] of tokens.entries()) {
      if (delay > 0) await new Promise(resolve => setTimeout(resolve, delay));
      if (signal?.aborted) throw signal.reason;
      const text = decoder.decode(bytes, { stream: true });
      const infos = logprobs === undefined ? undefined : [tokenInfo(i, bytes, logprobs)];
      yield { type: 'text', index, text, tokens: infos };
    }
    completionTokens += tokens.length;
    const isWhole = tokens.length === all.length;
    yield { type: 'finish', index, reason: isWhole ? 'stop' : 'length', stop: isWhole ? ending : undefined };
  }
  yield { type: 'end', promptTokens, cachedTokens: 0, completionTokens };
}

const OTHERS = [' the', ' a', ' his', '\n', ' and', ' of', ' morning', ' never'];

function tokenInfo(i: number, bytes: Uint8Array, count: number): TokenInfo {
  const probability = [0.97, 0.62, 0.91, 0.34, 0.99, 0.08, 0.75, 0.88, 0.51, 0.995, 0.02, 0.83][(i * 7) % 12];
  const own = { id: i, text: new TextDecoder().decode(bytes), bytes: [...bytes], logprob: Math.log(probability) };
  const others = Array.from({ length: Math.max(0, count - 1) }, (_, j) => ({
    id: 1000 + j,
    text: OTHERS[(i + j) % OTHERS.length],
    bytes: [...new TextEncoder().encode(OTHERS[(i + j) % OTHERS.length])],
    logprob: Math.log(((1 - probability) * 0.6) / 2 ** j),
  }));
  return { ...own, top: [own, ...others].sort((a, b) => b.logprob - a.logprob) };
}

const wordsOf = (text: string): string[] =>
  text.match(/[.,!?，。\u4e00-\u9fff]|\s?[^\s.,!?，。\u4e00-\u9fff]+/g) ?? [text];

/** A number in [0, 1) that looks drawn. */
const noise = (...parts: number[]): number => {
  const x = Math.sin(parts.reduce((sum, part, i) => sum + part * (12.9898 + 66.107 * i), 0)) * 43758.5453;
  return x - Math.floor(x);
};

/** Heads of the kinds that models have: to oneself, to the token before, to the first one, spread out. */
function fakeAttention(card: ModelCard, text: string): AttentionMaps {
  const tokens = wordsOf(text);
  const layers = 6;
  const heads = 6;
  const map = (kind: AttentionMaps['maps'][number]['kind'], queries: string[], keys: string[], isCausal: boolean) => {
    const weights = new Float32Array(layers * heads * queries.length * keys.length);
    let at = 0;
    for (let l = 0; l < layers; l++) {
      for (let h = 0; h < heads; h++) {
        for (let q = 0; q < queries.length; q++) {
          const scores = keys.map((_, k) => {
            if (isCausal && k > q) return 0;
            const shape = Math.floor(noise(l, h) * 4);
            const place = [k === q, k === Math.max(0, q - 1), k === 0, false][shape] ? 3.5 : 0;
            return Math.exp(place + 2.2 * noise(l, h, k) + noise(l, h, k, q));
          });
          const sum = scores.reduce((total, score) => total + score, 0);
          for (const score of scores) weights[at++] = score / sum;
        }
      }
    }
    return { kind, queries, keys, layers, heads, weights };
  };
  if (card.architecture !== 'encoder-decoder') {
    return { tokens, maps: [map('self', tokens, tokens, card.architecture !== 'encoder')] };
  }
  const said = ['<pad>', 'Das', ' Tier', ' war', ' müde'];
  return {
    tokens,
    maps: [map('encoder', tokens, tokens, false), map('decoder', said, said, true), map('cross', said, tokens, false)],
  };
}

function fakeLayers(text: string): LayerPredictions {
  const tokens = wordsOf(text);
  const words = [...new Set([...tokens, ...OTHERS])];
  const last = 6;
  const layers = Array.from({ length: last + 1 }, (_, l) =>
    tokens.map((_token, p) => {
      const isSettled = noise(p) * last < l;
      const first = isSettled ? (tokens[p + 1] ?? ' and') : words[Math.floor(noise(l, p) * words.length)];
      const most = 0.06 + 0.85 * (l / last) * (isSettled ? 0.4 + 0.6 * noise(p, l, 3) : 0.3);
      const others = words.filter(word => word !== first).slice(0, 4);
      return [first, ...others].map((token, i) => ({
        token,
        id: words.indexOf(token),
        probability: i === 0 ? most : ((1 - most) * 0.5) / 2 ** i,
      }));
    }),
  );
  return { tokens, layers };
}
