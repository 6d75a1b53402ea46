/**
 * Denoising (BART, Lewis et al. 2020, 2.2): a text is spoiled and written whole again. In fairseq's order sentences are
 * permuted, spans replaced by one mask each (infilling), tokens inserted, and the text rotated.
 */
import { z } from 'zod';
import { usageError } from '../support/errors.ts';
import type { Random } from '../support/random.ts';
import type { Objective, ObjectiveContext } from './objective.ts';
import { applyInsertions, applyRotation, applySpans, drawSpans } from './text-noise.ts';
import {
  type TextToText,
  type TextToTextBatch,
  textToTextBatch,
  textToTextCounts,
  textToTextLength,
  textToTextMeans,
} from './text-to-text.ts';

const share = z.number().min(0).max(1);

export const denoisingOptions = z.strictObject({
  name: z.literal('denoising'),
  /** Documents with their sentences, or windows of a corpus, whose sentences stay where they are. */
  rows: z.enum(['document', 'tokens']).default('document'),
  /** How often sentences are permuted. */
  permuteProbability: share.default(1),
  /** Share of the tokens in spans that are masked. */
  maskShare: share.default(0.3),
  /** Mean length of a span (Poisson). */
  meanSpan: z.number().positive().default(3),
  /** What stands in a span's place: one mask (infilling), nothing (deletion), or a mask for each token. */
  replace: z.enum(['mask', 'nothing', 'masks']).default('mask'),
  /** Tokens that are inserted, as a share of the text's. */
  insertShare: share.default(0),
  /** How often the text is rotated, to begin somewhere inside. */
  rotateProbability: share.default(0),
});

export type DenoisingOptions = Partial<Omit<z.output<typeof denoisingOptions>, 'name'>>;

/** Consecutive sentences that fit, from a random one on where not all do. */
function fitting(sentences: readonly ArrayLike<number>[], room: number, random: Random): number[][] {
  const total = sentences.reduce((sum, { length }) => sum + length, 0);
  const result: number[][] = [];
  let left = room;
  for (let i = total <= room ? 0 : random.below(sentences.length); i < sentences.length && left > 0; i++) {
    if (result.length > 0 && sentences[i].length > left) break;
    result.push(Array.from(sentences[i]).slice(0, left));
    left -= sentences[i].length;
  }
  return result;
}

/** @throws UserError when the tokenizer has no mask token */
export function denoising(
  { tokenizer, context }: ObjectiveContext,
  options: DenoisingOptions = {},
): Objective<'document' | 'tokens', TextToText, TextToTextBatch> {
  const {
    permuteProbability = 1,
    maskShare = 0.3,
    meanSpan = 3,
    replace,
    insertShare = 0,
    rotateProbability = 0,
  } = options;
  const { maskTokenId: maskId, vocabSize, specialTokens } = tokenizer;
  if (maskId === undefined) {
    throw usageError('TSLM_NO_MASK', 'the tokenizer has no mask token', 'set mask_token in tokenizer_config.json');
  }
  const { before, after } = tokenizer.specialTokensAround();
  const window = context - before.length - after.length;
  const ordinary = (random: Random): number => {
    let token = random.below(vocabSize);
    while (specialTokens.has(token)) token = random.below(vocabSize);
    return token;
  };
  return {
    name: 'denoising',
    rows: options.rows ?? 'document',
    tasks: ['seq2seqLM'],
    weights: { words: 1 },
    window,

    example(row, random) {
      const sentences =
        'sentences' in row ? fitting(row.sentences, window, random) : [Array.from(row.ids.subarray(0, window))];
      const permutes = random.next() < permuteProbability;
      const order = permutes ? random.shuffle([...sentences.keys()]) : [...sentences.keys()];
      let tokens = order.flatMap(i => sentences[i]);
      if (maskShare > 0)
        tokens = applySpans(tokens, drawSpans(tokens.length, maskShare, meanSpan, random), maskId, replace);
      const inserted = Math.min(Math.ceil(tokens.length * insertShare), window - tokens.length);
      if (inserted > 0) {
        const places = Array.from(
          { length: inserted },
          () => [random.below(tokens.length + 1), ordinary(random)] as const,
        );
        tokens = applyInsertions(tokens, places);
      }
      if (random.next() < rotateProbability) tokens = applyRotation(tokens, random.below(Math.max(1, tokens.length)));
      return { inputIds: [...before, ...tokens, ...after], labels: [...before, ...sentences.flat(), ...after] };
    },

    lengthOf: textToTextLength,
    batch: (examples, device) => textToTextBatch(examples, tokenizer, device),
    counts: textToTextCounts,
    means: textToTextMeans,
  };
}
