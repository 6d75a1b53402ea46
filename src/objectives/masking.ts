/**
 * Which tokens are masked, and how (Devlin et al. 2019, 3.1 and A.1): tokens, whole words (`##` and the spaces of the
 * tokenizer say where they begin; Chinese and others without spaces are cut by ICU's dictionaries, Cui et al. 2019), or
 * n-grams of words (Lan et al. 2020, 4.1). The plan is drawn first and then applied.
 */
import { isAllUnspaced, unspacedWordStarts } from '../data/words.ts';
import { IGNORE_INDEX } from '../models/losses.ts';
import { usageError } from '../support/errors.ts';
import type { Random } from '../support/random.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** What becomes of a chosen token: it is masked, replaced by a random one, or kept and predicted all the same. */
export type MaskedPlace =
  | { position: number; action: 'mask' | 'keep' }
  | { position: number; action: 'random'; token: number };

export interface MaskingOptions {
  /** Share of the tokens that are chosen. */
  probability: number;
  /** Of these, how many are masked. Default 0.8. */
  maskShare?: number;
  /** And how many become a random token; the others stay. Default 0.1. */
  randomShare?: number;
  /** What is chosen as a whole. Default `token`. */
  unit?: 'token' | 'word' | 'span';
  /** Most words of a span. Default 3. */
  maxSpan?: number;
}

/** What masking must know of a vocabulary. */
export interface MaskVocabulary {
  maskId: number;
  size: number;
  /** Never chosen, and never put in another's place. */
  isSpecial(id: number): boolean;
  /** The token begins a word; of whole words only. */
  startsWord(id: number): boolean;
  /** The text of a token in a script without spaces, whose words a dictionary finds; of whole words only. */
  unspaced?(id: number): string | undefined;
}

/**
 * @throws UserError when the tokenizer has no mask token, or does not show where words begin although they are asked
 *   for
 */
export function maskVocabulary(tokenizer: Tokenizer, unit: MaskingOptions['unit'] = 'token'): MaskVocabulary {
  const { maskTokenId: maskId, specialTokens, vocabSize: size } = tokenizer;
  if (maskId === undefined) {
    throw usageError('TSLM_NO_MASK', 'the tokenizer has no mask token', 'set mask_token in tokenizer_config.json');
  }
  const isSpecial = (id: number): boolean => specialTokens.has(id);
  if (unit === 'token') return { maskId, size, isSpecial, startsWord: () => true };
  return { maskId, size, isSpecial, startsWord: wordStarts(tokenizer), unspaced: unspacedTexts(tokenizer) };
}

/** Texts of the tokens that are Chinese and the like, each found when it is first asked for. */
function unspacedTexts(tokenizer: Tokenizer): (id: number) => string | undefined {
  const known = new Map<number, string | undefined>();
  return id => {
    if (!known.has(id)) {
      const text = tokenizer.decode([id]).replace(/^##/, '').trim();
      known.set(id, isAllUnspaced(text) ? text : undefined);
    }
    return known.get(id);
  };
}

/** Whether a token begins a word, by how the vocabulary writes tokens: `##` inside of words, or a space before them. */
function wordStarts(tokenizer: Tokenizer): (id: number) => boolean {
  const tokens = Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.idToToken(id) ?? '');
  const isWordPiece = tokens.some(token => token.length > 2 && token.startsWith('##')) && !tokenizer.isByteLevel;
  // Space, newline and tab as byte-level vocabularies write them, and the space of SentencePiece.
  const space = tokenizer.isByteLevel ? /^[ĠĊĉč]/ : /^▁/;
  if (!isWordPiece && !tokens.some(token => space.test(token))) {
    // A dictionary knows the words of such scripts; whatever else there is stands alone.
    if (tokens.some(isAllUnspaced)) return () => true;
    throw usageError('TSLM_NO_WORDS', 'the tokenizer does not show where words begin', 'mask tokens: unit: token');
  }
  const starts = tokens.map(token => (isWordPiece ? !token.startsWith('##') : space.test(token)));
  return id => starts[id] ?? true;
}

type Run = readonly [start: number, end: number];

/** The words of a text, or its tokens one by one, without special tokens: [start, end) each. */
export function unitsOf(ids: ArrayLike<number>, vocabulary: MaskVocabulary): Run[] {
  const { isSpecial, startsWord } = vocabulary;
  const unspaced = unspacedStarts(ids, vocabulary);
  const runs: [number, number][] = [];
  for (let i = 0; i < ids.length; i++) {
    if (isSpecial(ids[i])) continue;
    const last = runs.at(-1);
    if (last && last[1] === i && !(unspaced[i] ?? startsWord(ids[i]))) last[1] = i + 1;
    else runs.push([i, i + 1]);
  }
  return runs;
}

/** Whether tokens of scripts without spaces, and those right after them, begin a word; undefined of others. */
function unspacedStarts(ids: ArrayLike<number>, { isSpecial, unspaced }: MaskVocabulary): (boolean | undefined)[] {
  if (!unspaced) return [];
  const texts = Array.from(ids, id => (isSpecial(id) ? undefined : unspaced(id)));
  const found: (boolean | undefined)[] = new Array(ids.length);
  for (let i = 0; i < texts.length; i++) {
    if (texts[i] === undefined) continue;
    const begin = i;
    let run = '';
    const offsets: number[] = [];
    for (; i < texts.length && texts[i] !== undefined; i++) {
      offsets.push(run.length);
      run += texts[i];
    }
    const starts = unspacedWordStarts(run);
    for (const [j, offset] of offsets.entries()) found[begin + j] = starts.has(offset);
    // What follows in another script is a word of its own.
    if (i < texts.length) found[i] = true;
  }
  return found;
}

/** How many words a span has: n with probability (1/n) / Σ 1/k. */
export function drawSpanLength(random: Random, most: number): number {
  let total = 0;
  for (let n = 1; n <= most; n++) total += 1 / n;
  let left = random.next() * total;
  for (let n = 1; n < most; n++) {
    left -= 1 / n;
    if (left < 0) return n;
  }
  return most;
}

/**
 * Positions of about `probability` of the tokens, whole units of them, as BERT chooses: in random order while they fit.
 */
export function choosePositions(
  ids: ArrayLike<number>,
  { probability, unit = 'token', maxSpan = 3 }: MaskingOptions,
  vocabulary: MaskVocabulary,
  random: Random,
): number[] {
  const units = unitsOf(ids, vocabulary);
  const candidates = units.reduce((sum, [start, end]) => sum + end - start, 0);
  if (candidates === 0 || probability === 0) return [];
  // The share is right on average, and every example has something to predict.
  const budget = Math.max(1, Math.floor(probability * candidates + random.next()));
  const chosen = new Set<number>();
  const taken = new Set<number>();
  for (const first of random.shuffle([...units.keys()])) {
    const length = unit === 'span' ? drawSpanLength(random, maxSpan) : 1;
    for (let i = first; i < first + length && i < units.length; i++) {
      const [start, end] = units[i];
      const follows = i === first || units[i - 1][1] === start;
      if (!follows || taken.has(i) || chosen.size + end - start > budget) break;
      taken.add(i);
      for (let position = start; position < end; position++) chosen.add(position);
    }
    if (chosen.size >= budget) break;
  }
  return [...chosen].sort((a, b) => a - b);
}

/** The whole plan for a text: which tokens, and what becomes of each. */
export function drawMask(
  ids: ArrayLike<number>,
  options: MaskingOptions,
  vocabulary: MaskVocabulary,
  random: Random,
): MaskedPlace[] {
  const { maskShare = 0.8, randomShare = 0.1 } = options;
  return choosePositions(ids, options, vocabulary, random).map(position => {
    const drawn = random.next();
    if (drawn < maskShare) return { position, action: 'mask' };
    if (drawn >= maskShare + randomShare) return { position, action: 'keep' };
    let token = random.below(vocabulary.size);
    while (vocabulary.isSpecial(token)) token = random.below(vocabulary.size);
    return { position, action: 'random', token };
  });
}

export interface Masked {
  /** What the model reads. */
  inputIds: Uint32Array;
  /** The token in each chosen place, −100 elsewhere. */
  labels: Int32Array;
}

export function applyMask(ids: ArrayLike<number>, places: readonly MaskedPlace[], maskId: number): Masked {
  const inputIds = Uint32Array.from(ids);
  const labels = new Int32Array(ids.length).fill(IGNORE_INDEX);
  for (const place of places) {
    const { position } = place;
    labels[position] = ids[position];
    if (place.action === 'mask') inputIds[position] = maskId;
    else if (place.action === 'random') inputIds[position] = place.token;
  }
  return { inputIds, labels };
}
