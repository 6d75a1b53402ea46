/** What a model answers in one go, in parts between the decoding steps of running requests. */
import { attentionMaps } from '../explain/attention-maps.ts';
import { layerPredictions } from '../explain/logit-lens.ts';
import type { Model } from '../models/model.ts';
import { type EmbeddingOptions, embedTexts } from '../tasks/embeddings.ts';
import { fillMasks } from '../tasks/fill-mask.ts';
import { encodeInputs, type TaskInput } from '../tasks/inputs.ts';
import { answerQuestion } from '../tasks/question-answering.ts';
import { isCrossEncoder, rerank } from '../tasks/rerank.ts';
import { embeddingDefaults } from '../tasks/sentence-transformers.ts';
import { cosine } from '../tasks/similarity.ts';
import { classifyTexts } from '../tasks/text-classification.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { inParts, sizeOf, slices } from './in-parts.ts';
import type { Calls, Results } from './protocol.ts';
import { createTextCalls } from './text-calls.ts';

type Answers = { [K in keyof Calls]: (input: Calls[K]) => Results[K] | Generator<void, Results[K]> };

export type CallParts = <K extends keyof Calls>(name: K, input: Calls[K]) => Generator<void, Results[K]>;

/** @param areOthersWaiting whether texts are being generated, whose next token waits for the part at hand */
export function createCalls(
  folder: string,
  model: Model,
  tokenizer: Tokenizer,
  areOthersWaiting: () => boolean = () => false,
): CallParts {
  const parts = <T extends TaskInput, Result>(inputs: readonly T[], run: Parameters<typeof inParts<T, Result>>[1]) =>
    inParts(inputs, run, areOthersWaiting);

  /** What is longer than the model reads is an error unless it may be cut: the end of a text must not go unseen. */
  function* checkLengths(inputs: readonly TaskInput[], truncate = false): Generator<void, void> {
    if (truncate) return;
    let first = 0;
    for (const part of slices(inputs, sizeOf)) {
      encodeInputs(model, tokenizer, part, { truncate, first });
      first += part.length;
      yield;
    }
  }

  function* embedAll(inputs: readonly TaskInput[], truncate?: boolean, options: EmbeddingOptions = {}) {
    yield* checkLengths(inputs, truncate);
    const { results, tokens } = yield* parts(inputs, part => {
      const { vectors, tokens } = embedTexts(model, tokenizer, part, { ...options, truncate });
      return { results: vectors, tokens };
    });
    return { vectors: results, tokens };
  }

  const text = createTextCalls(tokenizer, model.config);
  const answers: Answers = {
    tokenize: text.tokenize,
    detokenize: text.detokenize,
    embed: ({ inputs, truncate, ...options }) =>
      embedAll(inputs, truncate, { ...embeddingDefaults(folder), ...given(options) }),
    *classify({ inputs, topK, truncate }) {
      yield* checkLengths(inputs, truncate);
      const { results, tokens } = yield* parts(inputs, part => {
        const { labels, tokens } = classifyTexts(model, tokenizer, part, { topK, truncate });
        return { results: labels, tokens };
      });
      return { labels: results, tokens };
    },
    *rerank({ query, documents, truncate }) {
      if (isCrossEncoder(model)) {
        yield* checkLengths(
          documents.map(document => [query, document] as const),
          truncate,
        );
        const { results, tokens } = yield* parts(documents, part => {
          const { scores, tokens } = rerank(model, tokenizer, query, part, { truncate });
          return { results: scores, tokens };
        });
        return { scores: results, tokens };
      }
      const { vectors, tokens } = yield* embedAll([query, ...documents], truncate);
      return { scores: vectors.slice(1).map(vector => cosine(vectors[0], vector)), tokens };
    },
    *fillMask({ input, topK }) {
      yield* checkLengths([input], false);
      return fillMasks(model, tokenizer, input, { topK });
    },
    inspectAttention: ({ text, ...options }) => attentionMaps(model, tokenizer, text, options),
    inspectLayers: ({ text, ...options }) => layerPredictions(model, tokenizer, text, options),
    answer: ({ topK, ...input }) => answerQuestion(model, tokenizer, input, { topK }),
  };
  return function* (name, input) {
    const answer = answers[name](input);
    return isGenerator(answer) ? yield* answer : answer;
  };
}

const isGenerator = <T>(answer: T | Generator<void, T>): answer is Generator<void, T> =>
  typeof answer === 'object' && answer !== null && Symbol.iterator in answer;

/** Without the options that are undefined, which would hide a default. */
const given = <T extends object>(options: T): Partial<T> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
