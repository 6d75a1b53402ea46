/**
 * A masked language model as benchmarks ask it: pseudo-log-likelihoods, each token's given all others (Salazar et al. 2020,
 * arXiv:1910.14659), or with the rest of its word masked as well (Kauf & Ivanova 2023, arXiv:2305.10588), so that a word of
 * several tokens does not give itself away. A decoder that was trained by masked-next-token is asked the same way; it predicts a
 * token where the one before it stands (Charpentier & Samuel 2024, arXiv:2410.24159).
 */
import { int64, padMask, padRows } from '../../generate/sessions/session.ts';
import type { Decoder } from '../../models/decoder.ts';
import type { Model } from '../../models/model.ts';
import { readsSegments } from '../../models/segments.ts';
import { UserError, usageError } from '../../support/errors.ts';
import { partsOf } from '../../support/parts.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { moveSpace, prefixTokenId } from './encode-pair.ts';
import type { EvaluatedModel, LoglikelihoodRequest, RequestOptions } from './evaluated-model.ts';
import { batchesByLength, eachBatch } from './in-batches.ts';
import { allGreedy, logProbsAt, sumOf, type TokenLogProb } from './token-log-probs.ts';

/** Which tokens are masked when one is asked for: it alone, or it and what follows it in its word. */
export type PseudoLoglikelihood = 'original' | 'within-word-l2r';

const LIMITS = { rows: 512, tokens: 8192 };

/** Special tokens in front of a text and behind it. */
type Around = ReturnType<Tokenizer['specialTokensAround']>;

/** A text to score: its tokens, and which of them are asked for. */
interface MaskedText {
  ids: readonly number[];
  /** The word of each token; null for special ones. */
  words: readonly (number | null)[];
  asked: readonly number[];
}

/** @throws UserError when the tokenizer has no mask token, or a decoder's attention cannot see what comes after */
export function maskedModel(
  model: Model,
  tokenizer: Tokenizer,
  folder: string,
  { pll = 'original' }: { pll?: PseudoLoglikelihood } = {},
): EvaluatedModel {
  const mask = tokenizer.maskTokenId;
  if (mask === undefined) {
    throw new UserError('TSLM_NO_MASK_TOKEN', `${folder}: the tokenizer has no mask token`, {
      hint: 'name mask_token in tokenizer_config.json',
    });
  }
  const isDecoder = model.backbone.kind === 'decoder';
  if (isDecoder && !(model.backbone as Decoder).readsBothWays(model.maxPositions)) {
    throw new UserError(
      'TSLM_NOT_BOTH_WAYS',
      `${folder}: attention about what came before cannot see what comes after`,
      {
        hint: 'leave out --score masked',
        exitCode: 2,
      },
    );
  }
  const score = (texts: readonly MaskedText[], options?: RequestOptions) =>
    scoreTexts(model, texts, { mask, pll }, options);
  // A decoder predicts the first token of a text from what stands before it.
  const { before, after } = tokenizer.specialTokensAround();
  const around = { before: isDecoder && before.length === 0 ? [prefixTokenId(tokenizer)] : before, after };
  return {
    name: folder,
    scoring: 'masked',
    async loglikelihood(requests, options) {
      const scores = await score(
        requests.map((request, i) => encode(tokenizer, around, request, model.maxPositions, i + 1)),
        options,
      );
      return scores.map(tokens => ({ logProb: sumOf(tokens), isGreedy: allGreedy(tokens), tokens: tokens.length }));
    },
    async loglikelihoodRolling(texts, options) {
      const windows = texts.map(text => windowsOf(tokenizer, around, text, model.maxPositions));
      const scores = await score(windows.flat(), options);
      const lengths = windows.map(({ length }) => length);
      return partsOf(scores, lengths).map((own, i) => {
        const tokens = own.flat();
        return { logProb: sumOf(tokens), tokens: tokens.length, bytes: Buffer.byteLength(texts[i]) };
      });
    },
    async generateUntil() {
      throw new UserError('TSLM_NOT_GENERATIVE', `${folder}: a masked language model does not write`, {
        hint: 'leave out tasks of the type generate_until, or evaluate a decoder or an encoder–decoder',
      });
    },
    [Symbol.dispose]: () => model.dispose(),
  };
}

/** Context and continuation as one text; the tokens that end in the continuation are asked for. */
function encode(
  tokenizer: Tokenizer,
  { before, after }: Around,
  request: LoglikelihoodRequest,
  most: number,
  number: number,
): MaskedText {
  const { context, continuation } = moveSpace(request);
  const own = tokenizer.encode(context + continuation, { addSpecialTokens: false });
  const boundary = [...context].length;
  const ids = [...before, ...own.ids, ...after];
  const words = [...before.map(() => null), ...own.wordIds, ...after.map(() => null)];
  const special = [...before.map(() => 1), ...own.specialTokensMask, ...after.map(() => 1)];
  const isAsked = (i: number): boolean => own.specialTokensMask[i] === 0 && own.ends[i] > boundary;
  const asked = [...own.ids.keys()].filter(isAsked).map(i => i + before.length);
  if (asked.length === 0) {
    throw usageError(
      'TSLM_EMPTY_CONTINUATION',
      `request ${number} (${JSON.stringify(continuation.slice(0, 40))}): the continuation has no tokens of its own`,
      'change the target or its delimiter in the task',
    );
  }
  return shortened({ ids, words, asked }, most, special, number);
}

/** What is too long loses the beginning of its context, and keeps its special tokens. */
function shortened(text: MaskedText, most: number, special: readonly number[], number: number): MaskedText {
  const surplus = text.ids.length - most;
  if (surplus <= 0) return text;
  const lead = special.indexOf(0);
  if (lead + surplus > text.asked[0]) {
    throw usageError(
      'TSLM_TOO_LONG',
      `request ${number}: its continuation has ${text.asked.length} tokens, and the model reads ${most}, special ones included`,
      'shorten the target, or use a model with a longer context',
    );
  }
  const keep = <T>(list: readonly T[]): T[] => [...list.slice(0, lead), ...list.slice(lead + surplus)];
  return { ids: keep(text.ids), words: keep(text.words), asked: text.asked.map(i => i - surplus) };
}

/** A text in stretches that the model can read, each with special tokens around it. */
function windowsOf(tokenizer: Tokenizer, { before, after }: Around, text: string, most: number): MaskedText[] {
  const { ids, wordIds } = tokenizer.encode(text, { addSpecialTokens: false });
  const size = most - before.length - after.length;
  const windows: MaskedText[] = [];
  for (let begin = 0; begin < ids.length; begin += size) {
    const own = ids.slice(begin, begin + size);
    windows.push({
      ids: [...before, ...own, ...after],
      words: [...before.map(() => null), ...wordIds.slice(begin, begin + size), ...after.map(() => null)],
      asked: own.map((_, i) => before.length + i),
    });
  }
  return windows;
}

async function scoreTexts(
  model: Model,
  texts: readonly MaskedText[],
  { mask, pll }: { mask: number; pll: PseudoLoglikelihood },
  options?: RequestOptions,
): Promise<TokenLogProb[][]> {
  const { device } = model;
  const isDecoder = model.backbone.kind === 'decoder';
  // One copy of a text for each token that is asked for.
  const jobs = texts.flatMap(({ asked }, text) => asked.map((at, i) => ({ text, at, i })));
  const batches = batchesByLength(
    jobs.map(({ text }) => texts[text].ids.length),
    LIMITS,
  );
  const results = texts.map(({ asked }) => new Array<TokenLogProb>(asked.length));
  const work = (batch: readonly number[]): void => {
    const copies = batch.map(job => {
      const { text, at } = jobs[job];
      const { ids, words } = texts[text];
      return ids.map((id, i) =>
        i === at || (pll === 'within-word-l2r' && i > at && isSame(words, i, at)) ? mask : id,
      );
    });
    const shape = [copies.length, Math.max(...copies.map(({ length }) => length))];
    const pad = typeof model.config.pad_token_id === 'number' ? model.config.pad_token_id : 0;
    const places = batch.map((job, row) => {
      const { text, at } = jobs[job];
      return { row, at: isDecoder ? at - 1 : at, id: texts[text].ids[at] };
    });
    const isPadded = copies.some(({ length }) => length < shape[1]);
    const states = () =>
      model.backbone.forward({
        inputIds: int64(padRows(copies, 'right', pad).flat(), shape, device),
        ...(isPadded && { attentionMask: int64(padMask(copies, 'right').flat(), shape, device) }),
        ...(isDecoder && { isCausal: false }),
        ...(readsSegments(model) && { tokenTypeIds: int64(new Array(shape[0] * shape[1]).fill(0), shape, device) }),
      }).lastHiddenState;
    for (const [row, score] of logProbsAt(model, states, places).entries()) {
      const { text, i } = jobs[batch[row]];
      results[text][i] = score;
    }
  };
  await eachBatch(batches, work, options);
  return results;
}

const isSame = (words: readonly (number | null)[], a: number, b: number): boolean =>
  words[a] !== null && words[a] === words[b];
