/**
 * Back-translation (Sennrich et al. 2016; as variants of texts Yu et al. 2018, "QANet"): a text is translated into another
 * language and back, by two models or by one that knows both ways.
 */
import type { Augmenter } from '../data/augment/augment-rows.ts';
import { randomOfVariant } from '../data/augment/random.ts';
import type { GenerationOptions } from '../generate/config/generation-options.ts';
import type { Model } from '../models/model.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { translate } from './text-to-text.ts';

export interface Translator {
  model: Model;
  tokenizer: Tokenizer;
  /** What the model's folder says of generation. */
  defaults?: GenerationOptions;
}

export interface BackTranslationOptions {
  forward: Translator;
  /** Default: the model that translates forward. */
  backward?: Translator;
  /** Codes as the models know them; needed where a model translates between several languages. */
  sourceLanguage?: string;
  pivotLanguage?: string;
  /** Beams of both ways; several variants are the best beams of the way there. Default: texts are sampled. */
  numBeams?: number;
  /** Of sampling. Default 1. */
  temperature?: number;
  maxNewTokens?: number;
  seed: number;
}

/** What is drawn for a text follows from the seed and its row. Texts that are too long for a model are cut. */
export function backTranslationAugmenter(options: BackTranslationOptions): Augmenter {
  const { forward, backward = forward, sourceLanguage: source, pivotLanguage: pivot, maxNewTokens } = options;
  const { numBeams, temperature = 1, seed } = options;
  const decoding = (count: number, drawn: number): GenerationOptions => ({
    ...(numBeams === undefined
      ? { doSample: true, temperature, topK: 0, seed: drawn }
      : { doSample: false, numBeams: Math.max(numBeams, count) }),
    numReturnSequences: count,
    ...(maxNewTokens !== undefined && { maxNewTokens }),
  });
  const through = (
    { model, tokenizer, defaults }: Translator,
    text: string,
    languages: { sourceLanguage?: string; targetLanguage?: string },
    generation: GenerationOptions,
  ): string[] =>
    translate(model, tokenizer, [text], { ...languages, generation, defaults, truncate: true }).map(written =>
      written.text.trim(),
    );
  return {
    texts(text, count, { row, column }) {
      const random = randomOfVariant(seed, column, row);
      const there = { sourceLanguage: source, targetLanguage: pivot };
      const pivots = through(forward, text, there, decoding(count, random.below(2 ** 31)));
      const back = { sourceLanguage: pivot, targetLanguage: source };
      // A translation without words leads back to the text itself.
      return pivots.map(other => {
        const generation = decoding(1, random.below(2 ** 31));
        return other === '' ? text : through(backward, other, back, generation)[0] || text;
      });
    },
  };
}
