/**
 * What each layer would say next at each position, were it the last (logit lens, nostalgebraist 2020): its hidden state
 * through the norm and the output layer that follow the last one. A masked language model says which word stands there.
 */
import { wordHeadOf } from '../models/heads/word-head.ts';
import type { Head, Model } from '../models/model.ts';
import { UserError } from '../support/errors.ts';
import { tokenTexts } from '../tokenizers/decode/token-text.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { inferenceMode, scope, type Tensor } from '../torch/index.ts';
import { decoderIds, idTensor, inputIdsOf, stackOf } from './inputs.ts';

export interface LayerPredictions {
  tokens: string[];
  /** [layer][position]; layer 0 is the embeddings. */
  layers: { token: string; id: number; probability: number }[][][];
}

export interface LayerPredictionsOptions {
  /** Words at each position, the most probable first. Default 5. */
  topK?: number;
  /** What an encoder–decoder's decoder reads. Default its own answer. */
  target?: string;
}

/** Positions whose scores of all words are held at once. */
const CHUNK = 128;

/** @throws UserError when the model does not predict words, or the text is empty or longer than the model reads */
export function layerPredictions(
  model: Model,
  tokenizer: Tokenizer,
  text: string,
  { topK = 5, target }: LayerPredictionsOptions = {},
): LayerPredictions {
  const { backbone, family, task } = model;
  const writer = backbone.writer;
  const [head, stack] = [wordHeadOf(model), stackOf(writer)];
  if (!head || !stack) {
    const why = head ? 'predicts words from a stream that sees none of them' : 'has no head that predicts words';
    throw new UserError('TSLM_NOT_SUPPORTED', `this ${family.modelType} model (${task}) ${why}`, {
      hint: 'use a decoder, an encoder–decoder or a masked language model',
    });
  }
  const read = inputIdsOf(model, tokenizer, text);
  const isAnswer = backbone.kind === 'encoderDecoder';
  const ids = isAnswer ? decoderIds(model, tokenizer, read, target) : read;
  const found = scope(() =>
    inferenceMode(() => {
      const inputIds = idTensor(model, read);
      const output = backbone.forward({
        inputIds,
        ...(isAnswer && { decoderInputIds: idTensor(model, ids) }),
        outputHiddenStates: true,
      });
      const states = (isAnswer ? output.decoderHiddenStates : output.hiddenStates)!;
      // The last of them has passed the norm already.
      return states.map((state, layer) =>
        scope(() =>
          mostProbable(head, layer < states.length - 1 && stack.norm ? stack.norm.forward(state) : state, topK),
        ),
      );
    }),
  );
  const texts = new Map<number, string>();
  const textOf = (id: number): string => {
    if (!texts.has(id)) texts.set(id, tokenTexts(tokenizer, [id])[0]);
    return texts.get(id)!;
  };
  const layers = found.map(positions =>
    positions.map(words => words.map(word => ({ token: textOf(word.id), ...word }))),
  );
  return { tokens: tokenTexts(tokenizer, ids), layers };
}

/** @param state [1, time, hidden] */
function mostProbable(head: Head, state: Tensor, topK: number): { id: number; probability: number }[][] {
  const [, time] = state.shape;
  const starts = Array.from({ length: Math.ceil(time / CHUNK) }, (_, i) => i * CHUNK);
  return starts.flatMap(start =>
    scope(() => {
      const lastHiddenState = state.narrow(1, start, Math.min(CHUNK, time - start));
      const logits = head.forward({ lastHiddenState }, {}).logits!.select(0, 0);
      const count = Math.min(topK, logits.size(-1));
      const [probabilities, ids] = logits.softmax(-1).topk(count);
      const [values, words] = [probabilities.toNumbers(), ids.toNumbers()];
      return Array.from({ length: logits.size(0) }, (_, t) =>
        Array.from({ length: count }, (_, k) => ({ id: words[t * count + k], probability: values[t * count + k] })),
      );
    }),
  );
}
