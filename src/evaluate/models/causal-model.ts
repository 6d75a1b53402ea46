/**
 * A decoder as benchmarks ask it, with the tokens, windows and sums of lm-evaluation-harness's Hugging Face models: requests
 * are sorted by length and read in batches, and requests that read the same tokens are read once.
 */
import { turnsByLength } from '../../generate/scoring/score-tokens.ts';
import { int64, padRows } from '../../generate/steppers/stepper.ts';
import type { Model } from '../../models/model.ts';
import { usageError } from '../../support/errors.ts';
import { partsOf } from '../../support/parts.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { type EncodedPair, encodeContext, encodePair, prefixTokenId } from './encode-pair.ts';
import type { EvaluatedModel, RequestOptions } from './evaluated-model.ts';
import { generateUntil } from './generate-until.ts';
import { batchesByLength, eachBatch } from './in-batches.ts';
import { rollingWindows } from './rolling-windows.ts';
import { allGreedy, logProbsAt, sumOf, type TokenLogProb } from './token-log-probs.ts';

const LIMITS = { rows: 256, tokens: 8192 };

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

/**
 * For each pair the log-probabilities of its continuation's tokens.
 *
 * @throws UserError when a continuation alone is longer than the model's context
 */
async function scorePairs(
  model: Model,
  pairs: readonly EncodedPair[],
  options?: RequestOptions,
): Promise<TokenLogProb[][]> {
  const inputs = pairs.map(({ context, continuation }, i) => {
    if (continuation.length > model.maxPositions) throw tooLong(i + 1, continuation.length, model.maxPositions);
    // The last token is asked for and not read; what is too long loses its beginning.
    return [...context, ...continuation].slice(-(model.maxPositions + 1), -1);
  });
  const groups = alike(inputs);
  const batches = batchesByLength(
    groups.map(([first]) => inputs[first].length),
    turnsByLength(model) ? { ...LIMITS, rows: 1 } : LIMITS,
  );
  const results = new Array<TokenLogProb[]>(pairs.length);
  const work = (batch: readonly number[]): void => {
    const rows = padRows(
      batch.map(group => inputs[groups[group][0]]),
      'right',
      0,
    );
    const asked = batch.flatMap((group, row) => groups[group].map(pair => ({ row, pair })));
    const places = asked.flatMap(({ row, pair }) => {
      const { continuation } = pairs[pair];
      const first = inputs[pair].length - continuation.length;
      return continuation.map((id, i) => ({ row, at: first + i, id }));
    });
    // What comes later never changes what a decoder says of earlier tokens: padding on the right needs no mask.
    const inputIds = () => int64(rows.flat(), [rows.length, rows[0].length], model.device);
    const scores = logProbsAt(model, () => model.backbone.forward({ inputIds: inputIds() }).lastHiddenState, places);
    const lengths = asked.map(({ pair }) => pairs[pair].continuation.length);
    for (const [i, own] of partsOf(scores, lengths).entries()) results[asked[i].pair] = own;
  };
  await eachBatch(batches, work, options);
  return results;
}

/** Numbers of the inputs that are the same tokens. */
function alike(inputs: readonly (readonly number[])[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const [i, ids] of inputs.entries()) {
    const key = ids.join();
    const group = groups.get(key);
    if (group) group.push(i);
    else groups.set(key, [i]);
  }
  return [...groups.values()];
}

const tooLong = (number: number, tokens: number, context: number): Error =>
  usageError(
    'TSLM_TOO_LONG',
    `request ${number}: its continuation has ${tokens} tokens, and the model reads ${context}`,
    'shorten the target, or use a model with a longer context',
  );
