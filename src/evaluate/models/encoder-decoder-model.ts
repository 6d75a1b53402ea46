/** An encoder–decoder as benchmarks ask it: the encoder reads the context, and the decoder's tokens are the continuation's. */
import { contextOf } from '../../generate/prompt/prompts.ts';
import { int64, padMask, padRows } from '../../generate/sessions/session.ts';
import { EncoderDecoder } from '../../models/encoder-decoder.ts';
import type { Model } from '../../models/model.ts';
import { UserError, usageError } from '../../support/errors.ts';
import { partsOf } from '../../support/parts.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { moveSpace } from './encode-pair.ts';
import type { EvaluatedModel } from './evaluated-model.ts';
import { generateUntil } from './generate-until.ts';
import { batchesByLength, eachBatch } from './in-batches.ts';
import { allGreedy, logProbsAt, sumOf, type TokenLogProb } from './token-log-probs.ts';

const LIMITS = { rows: 128, tokens: 8192 };

export function encoderDecoderModel(model: Model, tokenizer: Tokenizer, folder: string): EvaluatedModel {
  const { backbone, device } = model;
  if (!(backbone instanceof EncoderDecoder)) throw new Error(`${folder}: not an encoder–decoder`);
  const { decoderStartTokenId, padTokenId } = backbone.options;
  const readable = contextOf(backbone.reader, {});
  const writable = contextOf(backbone.writer, {});
  return {
    name: folder,
    scoring: 'seq2seq',
    async loglikelihood(requests, options) {
      const pairs = requests.map((request, i) => {
        const { context, continuation } = moveSpace(request);
        const answer = tokenizer.encode(continuation, { addSpecialTokens: false }).ids;
        if (answer.length === 0 || answer.length > writable) throw unfit(i + 1, answer.length, writable);
        return { source: tokenizer.encode(context).ids.slice(-readable), answer };
      });
      const batches = batchesByLength(
        pairs.map(({ source, answer }) => source.length + answer.length),
        LIMITS,
      );
      const scores = new Array<TokenLogProb[]>(pairs.length);
      const work = (batch: readonly number[]): void => {
        const matrix = (rows: number[][]) => int64(rows.flat(), [rows.length, rows[0].length], device);
        const sources = batch.map(pair => pairs[pair].source);
        const answers = batch.map(pair => [decoderStartTokenId, ...pairs[pair].answer.slice(0, -1)]);
        const states = () =>
          backbone.forward({
            inputIds: matrix(padRows(sources, 'right', padTokenId)),
            attentionMask: matrix(padMask(sources, 'right')),
            decoderInputIds: matrix(padRows(answers, 'right', padTokenId)),
          }).lastHiddenState;
        const places = batch.flatMap((pair, row) => pairs[pair].answer.map((id, at) => ({ row, at, id })));
        const found = logProbsAt(model, states, places);
        const lengths = batch.map(pair => pairs[pair].answer.length);
        for (const [i, own] of partsOf(found, lengths).entries()) scores[batch[i]] = own;
      };
      await eachBatch(batches, work, options);
      return scores.map(tokens => ({ logProb: sumOf(tokens), isGreedy: allGreedy(tokens), tokens: tokens.length }));
    },
    async loglikelihoodRolling() {
      throw new UserError(
        'TSLM_NOT_SUPPORTED',
        `${folder}: an encoder–decoder answers, and has no probability of a text alone`,
        {
          hint: 'leave out tasks of the type loglikelihood_rolling',
        },
      );
    },
    generateUntil: (requests, options) => generateUntil(model, tokenizer, folder, requests, options),
    [Symbol.dispose]: () => model.dispose(),
  };
}

const unfit = (number: number, tokens: number, most: number): Error =>
  usageError(
    'TSLM_BAD_CONTINUATION',
    `request ${number}: its continuation has ${tokens} tokens, and the decoder writes 1 to ${most}`,
    'change the target in the task, or use a model with a longer context',
  );
