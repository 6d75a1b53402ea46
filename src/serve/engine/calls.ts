/** What a model answers in one go, between two steps of the texts that grow. */
import { attentionMaps } from '../../explain/attention-maps.ts';
import { layerPredictions } from '../../explain/logit-lens.ts';
import type { Model } from '../../models/model.ts';
import { embedTexts } from '../../tasks/embeddings.ts';
import { fillMasks } from '../../tasks/fill-mask.ts';
import { answerQuestion } from '../../tasks/question-answering.ts';
import { rerank } from '../../tasks/rerank.ts';
import { embeddingDefaults } from '../../tasks/sentence-transformers.ts';
import { classifyTexts } from '../../tasks/text-classification.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import type { Calls, Results } from '../protocol.ts';
import { createTextCalls } from './text-calls.ts';

type Answers = { [K in keyof Calls]: (input: Calls[K]) => Results[K] };

export function createCalls(
  folder: string,
  model: Model,
  tokenizer: Tokenizer,
): <K extends keyof Calls>(name: K, input: Calls[K]) => Results[K] {
  const embeddingOptions = embeddingDefaults(folder);
  const text = createTextCalls(tokenizer, model.config);
  const answers: Answers = {
    tokenize: text.tokenize,
    detokenize: text.detokenize,
    embed: ({ inputs, ...options }) => embedTexts(model, tokenizer, inputs, { ...embeddingOptions, ...given(options) }),
    classify: ({ inputs, topK }) => classifyTexts(model, tokenizer, inputs, { topK }),
    rerank: ({ query, documents }) => rerank(model, tokenizer, query, documents),
    fillMask: ({ input, topK }) => fillMasks(model, tokenizer, input, { topK }),
    inspectAttention: ({ text, ...options }) => attentionMaps(model, tokenizer, text, options),
    inspectLayers: ({ text, ...options }) => layerPredictions(model, tokenizer, text, options),
    answer: ({ topK, ...input }) => answerQuestion(model, tokenizer, input, { topK }),
  };
  return (name, input) => answers[name](input);
}

/** Without the options that are undefined, which would hide a default. */
const given = <T extends object>(options: T): Partial<T> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
