/** How probable a model finds texts: the sum over their tokens, and as perplexity and bits per byte. */
import type { Model } from '../../models/model.ts';
import { usageError } from '../../support/errors.ts';
import { tokenText, tokenTexts } from '../../tokenizers/decode/token-text.ts';
import type { Encoding } from '../../tokenizers/encode/encoding.ts';
import { unknownBits, unknownIn } from '../../tokenizers/encode/unknown.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import type { ScoreOptions } from './score-options.ts';
import { scoreTokens, type TokenScore } from './score-tokens.ts';

export interface TextScore {
  text: string;
  /** Sum of the tokens' log-probabilities. */
  logProb: number;
  /** exp(−logProb / tokens) */
  perplexity: number;
  /** −logProb / ln 2, and `unknownBits`, divided by the UTF-8 bytes of what was scored. */
  bitsPerByte: number;
  /** The same divided by its Unicode code points. */
  bitsPerCharacter: number;
  bytes: number;
  /** Tokens that stand for what the tokenizer does not know. */
  unknown: number;
  /** `token` is its text: see `tokenTexts`. */
  tokens: (Omit<TokenScore, 'top'> & { token: string; top?: { id: number; logProb: number; token: string }[] })[];
}

export interface TextScoreOptions extends Pick<ScoreOptions, 'topK' | 'batchSize' | 'stride' | 'masked'> {
  /** What an encoder–decoder answers with each text. */
  sources?: readonly string[];
}

/**
 * A decoder's text follows the tokenizer's start token, or the end of another text where it has none; with neither its
 * first token has no score, and does not count. What is hidden and asked for (`masked`, or a masked language model) is no special token.
 *
 * @throws UserError as `scoreTokens`, and when a text has nothing to score
 */
export function scoreText(
  model: Model,
  tokenizer: Tokenizer,
  texts: readonly string[],
  { sources, ...options }: TextScoreOptions = {},
): TextScore[] {
  const encodings = tokenizer.encodeBatch(texts);
  const first = model.task === 'causalLM' ? (tokenizer.bosTokenId ?? tokenizer.eosTokenId) : undefined;
  const rows = encodings.map(({ ids }) => (first === undefined || ids[0] === first ? ids : [first, ...ids]));
  const { mask_token: mask } = tokenizer.config;
  const scores = scoreTokens(model, rows, {
    ...options,
    sources: sources && tokenizer.encodeBatch(sources).map(({ ids }) => ids),
    maskTokenId: typeof mask === 'string' ? tokenizer.tokenToId(mask) : undefined,
    skippedIds: encodings
      .flatMap(({ ids, specialTokensMask }) => ids.filter((_, i) => specialTokensMask[i] === 1))
      .concat(first ?? []),
  });
  const named = <T extends { id: number }>(one: T): T & { token: string } => ({
    ...one,
    token: tokenText(tokenizer, one.id),
  });
  return texts.map((text, i) => {
    if (scores[i].length === 0) throw usageError('TSLM_EMPTY_TEXT', `text ${i + 1} has nothing to score`, 'give more');
    const logProb = scores[i].reduce((sum, token) => sum + token.logProb, 0);
    const before = unscored(text, encodings[i], scores[i][0].position + encodings[i].length - rows[i].length);
    const bytes = Buffer.byteLength(text) - Buffer.byteLength(before);
    const characters = [...text].length - [...before].length;
    const hidden = unknownIn(tokenizer, text, encodings[i].ids);
    const bits = -logProb / Math.LN2 + unknownBits(hidden);
    const shown = tokenTexts(
      tokenizer,
      scores[i].map(({ id }) => id),
    );
    return {
      text,
      logProb,
      perplexity: Math.exp(-logProb / scores[i].length),
      bitsPerByte: bits / bytes,
      bitsPerCharacter: bits / characters,
      bytes,
      unknown: hidden.tokens,
      tokens: scores[i].map(({ top, ...token }, at) => ({
        ...token,
        token: shown[at],
        ...(top && { top: top.map(named) }),
      })),
    };
  });
}

/** The text before its first scored token. */
function unscored(text: string, { starts, specialTokensMask }: Encoding, firstScored: number): string {
  const from = specialTokensMask.slice(0, firstScored).every(isSpecial => isSpecial === 1) ? 0 : starts[firstScored];
  return [...text].slice(0, from).join('');
}
