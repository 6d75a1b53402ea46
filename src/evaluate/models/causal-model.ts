/**
 * A decoder as benchmarks ask it, with the tokens, windows and sums of lm-evaluation-harness's Hugging Face models.
 */
import type { Model } from '../../models/model.ts';
import { partsOf } from '../../support/parts.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { encodeContext, encodePair, prefixTokenId } from './encode-pair.ts';
import type { EvaluatedModel } from './evaluated-model.ts';
import { generateUntil } from './generate-until.ts';
import { rollingWindows } from './rolling-windows.ts';
import { scorePairs } from './score-pairs.ts';
import { allGreedy, sumOf } from './token-log-probs.ts';

export function causalModel(model: Model, tokenizer: Tokenizer, folder: string): EvaluatedModel {
  const size = model.maxPositions;
  return {
    name: folder,
    scoring: 'causal',
    async loglikelihood(requests, options) {
      const pairs = requests.map((request, i) => encodePair(tokenizer, request, i + 1));
      const scores = await scorePairs(model, pairs, options);
      return scores.map(tokens => ({ logProb: sumOf(tokens), isGreedy: allGreedy(tokens), tokens: tokens.length }));
    },
    async loglikelihoodRolling(texts, options) {
      const windows = texts.map(text => rollingWindows(encodeContext(tokenizer, text), prefixTokenId(tokenizer), size));
      const pairs = windows.flatMap(all => all.map(({ context, scored }) => ({ context, continuation: scored })));
      const scores = await scorePairs(model, pairs, options);
      const lengths = windows.map(({ length }) => length);
      return partsOf(scores, lengths).map((own, i) => {
        const tokens = own.flat();
        return { logProb: sumOf(tokens), tokens: tokens.length, bytes: Buffer.byteLength(texts[i]) };
      });
    },
    generateUntil: (requests, options) => generateUntil(model, tokenizer, folder, requests, options),
    applyChatTemplate: (messages, { addGenerationPrompt = true } = {}) =>
      tokenizer.applyChatTemplate(messages, { addGenerationPrompt, continueFinalMessage: !addGenerationPrompt }),
    [Symbol.dispose]: () => model.dispose(),
  };
}
