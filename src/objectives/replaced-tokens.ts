/**
 * Replaced-token detection (ELECTRA, Clark et al. 2020): a small generator fills in masked tokens, and the model, the
 * discriminator, says of each token whether it was replaced. No gradient flows from the discriminator into the
 * generator, but both share their vectors of words. Of the chosen tokens 85 % are masked and the others stay, as in ELECTRA's own
 * code (the paper masks all): where every one is masked a generator with learnt positions may find no beginning at all.
 */
import { z } from 'zod';
import { electraGenerator } from '../models/families/electra/generator.ts';
import type { MaskedLMHead } from '../models/heads/masked-lm.ts';
import type { ReplacedTokensHead } from '../models/heads/replaced-tokens.ts';
import { tokenLoss } from '../models/losses.ts';
import type { Model } from '../models/model.ts';
import { usageError } from '../support/errors.ts';
import {
  binaryCrossEntropyWithLogits,
  fromTypedArray,
  isGradEnabled,
  noGrad,
  scope,
  type Tensor,
} from '../torch/index.ts';
import { attentionMaskOf, int64Of, longest, padRows, shareRight, statesAt, targetsOf } from './batches.ts';
import { type MaskedBatch, maskingKeys, probabilityAt } from './masked.ts';
import { applyMask, drawMask, type Masked, maskVocabulary } from './masking.ts';
import type { Means, Objective, ObjectiveContext } from './objective.ts';

export const replacedTokensOptions = z.strictObject({
  name: z.literal('replaced-tokens'),
  ...maskingKeys,
  maskShare: maskingKeys.maskShare.unwrap().default(0.85),
  randomShare: maskingKeys.randomShare.unwrap().default(0),
  /** The generator's width as a share of the discriminator's. */
  generatorShare: z.number().gt(0).max(1).default(0.25),
  /** Weight of the discriminator's loss beside the generator's. */
  discriminatorWeight: z.number().positive().default(50),
});

export type ReplacedTokensOptions = Partial<Omit<z.output<typeof replacedTokensOptions>, 'name'>>;

export interface ReplacedExample extends Masked {
  /** The text itself. */
  ids: Uint32Array;
  /** For each chosen token a number in [0, 1) that decides what the generator puts there. */
  uniform: Float32Array;
}

export interface ReplacedBatch extends MaskedBatch {
  /** int64 [batch, time]: the text itself */
  ids: Tensor;
  /** [n]: decides what is drawn at each masked place */
  uniform: Tensor;
  /** int64 [tokens]: places that are no padding, as row · time + position */
  real: Tensor;
}

/**
 * The discriminator's input and labels where the tokens drawn are known. A token that equals the original is original.
 *
 * @param positions the places that were chosen
 * @param sampled what was drawn for each
 */
export function applyReplacement(ids: ArrayLike<number>, positions: ArrayLike<number>, sampled: ArrayLike<number>) {
  const inputIds = Uint32Array.from(ids);
  for (let i = 0; i < positions.length; i++) inputIds[positions[i]] = sampled[i];
  return { inputIds, labels: Uint8Array.from(inputIds, (id, i) => (id === ids[i] ? 0 : 1)) };
}

/**
 * One class for each row, the one at which the sum of probabilities passes `uniform`.
 *
 * @param scores [n, classes]
 * @param uniform [n] in [0, 1)
 * @returns int64 [n]
 */
export function sampleAt(scores: Tensor, uniform: Tensor): Tensor {
  const passed = scores.to('float32').softmax(-1).cumsum(-1).le(uniform.unsqueeze(-1)).to('int64').sum([-1]);
  return passed.clamp({ max: scores.size(-1) - 1 });
}

/**
 * Without a model it makes examples and batches, and no losses.
 *
 * @throws UserError when the tokenizer has no mask token, or the model is no discriminator
 */
export function replacedTokens(
  { tokenizer, context, model, seed = 0 }: ObjectiveContext,
  options: ReplacedTokensOptions & { generator?: Model } = {},
): Objective<'tokens', ReplacedExample, ReplacedBatch> {
  const { probability = 0.15, copies, generatorShare = 0.25, discriminatorWeight = 50, ...rest } = options;
  if (model && (model.family.modelType !== 'electra' || model.task !== 'replacedTokens')) {
    throw usageError('TSLM_NO_DISCRIMINATOR', 'replaced tokens are detected by an ELECTRA model', 'family: electra');
  }
  const { generator = model && electraGenerator(model, { seed, share: generatorShare }), ...masking } = rest;
  const settings = { maskShare: 0.85, randomShare: 0, ...masking };
  const vocabulary = maskVocabulary(tokenizer, masking.unit);
  const { before, after } = tokenizer.specialTokensAround();
  const window = context - before.length - after.length;
  return {
    name: 'replaced-tokens',
    rows: 'tokens',
    tasks: ['replacedTokens'],
    weights: { words: 1, replaced: discriminatorWeight },
    // Precision, recall and F1 of the tokens that were replaced, few of all.
    ratios: {
      replacedPrecision: { above: { found: 1 }, below: { claimed: 1 } },
      replacedRecall: { above: { found: 1 }, below: { replacements: 1 } },
      replacedF1: { above: { found: 2 }, below: { claimed: 1, replacements: 1 } },
    },
    companions: generator && { generator },
    window,
    copies,

    example({ ids: own }, random, progress = 1) {
      const ids = Uint32Array.from([...before, ...own.subarray(0, window), ...after]);
      const places = drawMask(
        ids,
        { ...settings, probability: probabilityAt(probability, progress) },
        vocabulary,
        random,
      );
      const uniform = Float32Array.from(places, () => random.next());
      return { ids, ...applyMask(ids, places, vocabulary.maskId), uniform };
    },

    lengthOf: ({ ids }) => ids.length,

    batch(examples, device) {
      const rows = examples.map(({ ids }) => ids);
      const time = longest(rows);
      const pad = tokenizer.padTokenId ?? 0;
      const uniform = Float32Array.from(examples.flatMap(example => Array.from(example.uniform)));
      return {
        ids: padRows(rows, pad, device),
        inputIds: padRows(
          examples.map(({ inputIds }) => inputIds),
          pad,
          device,
        ),
        attentionMask: attentionMaskOf(rows, device),
        targets: targetsOf(
          examples.map(({ labels }) => labels),
          device,
        ),
        uniform: fromTypedArray(uniform, [uniform.length]).to({ device }),
        real: int64Of(
          rows.flatMap(({ length }, row) => Array.from({ length }, (_, i) => row * time + i)),
          device,
        ),
      };
    },

    counts: ({ targets: { count }, real: { numel: tokens } }) => ({
      words: count,
      accuracy: count,
      replaced: tokens,
      replacedAccuracy: tokens,
      found: tokens,
      claimed: tokens,
      replacements: tokens,
    }),

    means: (discriminator, { ids, inputIds, attentionMask, targets, uniform, real }) =>
      scope(() => {
        generator!.train(discriminator.training);
        const { lastHiddenState } = generator!.backbone.forward({ inputIds, attentionMask });
        const head = generator!.head as MaskedLMHead;
        const scores = head.scores(statesAt(lastHiddenState, targets));
        const [spoiled, labels] = noGrad(() => {
          const text = ids.flatten();
          const spoiled = text.clone().indexCopy_(0, targets.places, sampleAt(scores, uniform));
          return [spoiled, spoiled.ne(text).to('float32').indexSelect(0, real)];
        });
        const states = discriminator.backbone.forward({
          inputIds: spoiled.view(ids.shape),
          attentionMask,
        }).lastHiddenState;
        const flat = states.reshape([-1, states.size(-1)]).indexSelect(0, real);
        const logits = (discriminator.head as ReplacedTokensHead).scores(flat);
        return {
          ...(targets.count > 0 && { words: tokenLoss(scores, targets.labels) }),
          replaced: binaryCrossEntropyWithLogits(logits, labels),
          ...(!isGradEnabled() && {
            accuracy: shareRight(scores, targets.labels),
            ...detection(logits.gt(0).to('float32'), labels),
          }),
        };
      }),
  };
}

/**
 * @param claimed [n]: 1 where a token is said to be replaced
 * @param labels [n]: 1 where it was
 */
const detection = (claimed: Tensor, labels: Tensor): Means => ({
  replacedAccuracy: claimed.eq(labels).to('float32').mean(),
  found: claimed.mul(labels).mean(),
  claimed: claimed.mean(),
  replacements: labels.mean(),
});
