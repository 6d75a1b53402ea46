/** A model of bytes, small enough that a request takes a moment, with weights wide enough that it does not repeat itself. */

import type { Adapters } from '../../src/engine/adapters.ts';
import { createLocalEngine, type EngineLimits, type LocalEngine } from '../../src/engine/local-engine.ts';
import type { GenerationEvent, GenerationRequest, TokenInfo } from '../../src/engine/protocol.ts';
import { createModel } from '../../src/models/auto.ts';
import type { Model } from '../../src/models/model.ts';
import { packForInference } from '../../src/models/pack-for-inference.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { type DType, noGrad } from '../../src/torch/index.ts';
import { hasProducts } from '../../src/torch/products.ts';
import { byteTokenizer } from '../data/helpers.ts';

export const CONTEXT = 160;

/** What models are served in on this processor. */
const servedIn: DType = hasProducts() ? 'bfloat16' : 'float32';

export function tinyModel(dtype = servedIn, family = 'gpt2'): Model {
  const sizes = { layers: 2, hidden: 32, heads: 2, context: CONTEXT, vocabSize: 257 };
  const model = createModel(family, sizes, { seed: 1, eosTokenId: 256 }).eval();
  noGrad(() => model.parameters().forEach(p => void (p.dim === 2 && p.mul_(8))));
  model.to({ dtype });
  packForInference(model);
  return model;
}

const noAdapters: Adapters = {
  load: () => '',
  contentOf: () => '',
  unload() {},
  require() {},
  run: (_, body) => body(),
  [Symbol.dispose]() {},
};

export interface Answer {
  events: GenerationEvent[];
  error?: unknown;
  /** Of each choice. */
  texts: string[];
  tokens: TokenInfo[][];
}

export interface TinyEngine extends LocalEngine {
  /** Submits requests all at once and works until all are answered. */
  answer(...requests: GenerationRequest[]): Answer[];
}

export function tinyEngine(folder: string, limits: EngineLimits = {}, model = tinyModel()): TinyEngine {
  byteTokenizer(folder);
  const tokenizer = Tokenizer.fromFile(folder);
  const engine = createLocalEngine(model, tokenizer, folder, noAdapters, { memory: 1e8, ...limits });
  return Object.assign(engine, {
    answer(...requests: GenerationRequest[]) {
      const answers = requests.map((request): Answer => {
        const answer: Answer = { events: [], texts: [], tokens: [] };
        engine.submit(
          request,
          events => answer.events.push(...events),
          error => {
            answer.error = error;
          },
        );
        return answer;
      });
      for (let steps = 0; engine.step(); steps++)
        if (steps > 5000) throw new Error('the engine does not come to an end');
      for (const answer of answers) {
        for (const event of answer.events) {
          if (event.type !== 'text') continue;
          answer.texts[event.index] = (answer.texts[event.index] ?? '') + event.text;
          answer.tokens[event.index] = [...(answer.tokens[event.index] ?? []), ...(event.tokens ?? [])];
        }
      }
      return answers;
    },
  });
}
