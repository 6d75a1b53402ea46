/**
 * Masked next-token prediction beside causal language modelling, in one decoder (GPT-BERT, Charpentier & Samuel 2024,
 * arXiv:2410.24159): most windows are read both ways with some tokens hidden, each of which is predicted where the token
 * before it stands; the others are read causally. Both ask the same output layer for the next token, so that one set of
 * weights is a masked and a causal language model.
 */
import { z } from 'zod';
import type { LMHead } from '../models/heads/lm.ts';
import { IGNORE_INDEX } from '../models/losses.ts';
import type { Model } from '../models/model.ts';
import { usageError } from '../support/errors.ts';
import { type Device, scope, type Tensor } from '../torch/index.ts';
import { attentionMaskOf, longest, padRows, type Targets, targetsOf, wordMeans } from './batches.ts';
import { bordersOf, documentStartsOf, requireCausal } from './causal.ts';
import { maskingKeys, probabilityAt } from './masked.ts';
import { applyMask, drawMask, maskVocabulary } from './masking.ts';
import type { Means, Objective, ObjectiveContext } from './objective.ts';

const { copies: _, ...masking } = maskingKeys;

export const maskedNextTokenOptions = z
  .strictObject({
    name: z.literal('masked-next-token'),
    ...masking,
    probability: maskingKeys.probability.unwrap().default({ from: 0.3, to: 0.15 }),
    /** Share of the windows that are read causally. Default one to fifteen; 15/16 for a model that is to write above all. */
    causalShare: z
      .number()
      .min(0)
      .max(1)
      .default(1 / 16),
  })
  .refine(({ maskShare, randomShare }) => maskShare + randomShare <= 1 + 1e-9, {
    message: 'maskShare and randomShare are more than 1 together',
  });

export type MaskedNextTokenOptions = Partial<Omit<z.output<typeof maskedNextTokenOptions>, 'name'>>;

export interface MaskedNextTokenExample {
  isCausal: boolean;
  inputIds: Uint32Array;
  /** At each position the token that it is to predict, the next one; −100 elsewhere. */
  labels: Int32Array;
  /** Where documents begin, rising; empty where a window is one text. */
  starts: readonly number[];
  /** Predictions that one of this example counts for. */
  weight: number;
}

/** Windows that are read the same way. */
interface Part {
  /** int64 [batch, time] */
  inputIds: Tensor;
  attentionMask: Tensor | undefined;
  /** int64 [batch, time] */
  documentStarts: Tensor | undefined;
  targets: Targets;
  /** Of each prediction. */
  weight: number;
}

export interface MaskedNextTokenBatch {
  masked: Part;
  causal: Part;
}

/** @throws UserError for a model that is no decoder, or whose attention cannot be read both ways */
export function requireBothWays(model: Model, positions: number, where: string): void {
  requireCausal(model, where);
  if (model.backbone.readsBothWays(positions)) return;
  throw usageError(
    'TSLM_NOT_BOTH_WAYS',
    `${where}: the attention of this ${model.family.modelType} model is about what came before, and cannot see what comes after`,
    'use gpt2, llama, qwen3 …, without a sliding window below the context',
  );
}

/** @throws UserError when the tokenizer has no mask token, or the model cannot be read both ways */
export function maskedNextToken(
  { tokenizer, context, model, packing = 'stream', endBegins = false }: ObjectiveContext,
  options: MaskedNextTokenOptions = {},
): Objective<'tokens', MaskedNextTokenExample, MaskedNextTokenBatch> {
  const { probability = { from: 0.3, to: 0.15 }, causalShare = 1 / 16, ...masking } = options;
  const vocabulary = maskVocabulary(tokenizer, masking.unit);
  if (model) requireBothWays(model, context, 'masked-next-token');
  const partOf = (examples: readonly MaskedNextTokenExample[], device: Device): Part => {
    const rows = examples.map(({ inputIds }) => inputIds);
    const time = longest(rows);
    const holdsTwo = examples.some(({ starts }) => starts.some(start => start > 0 && start < time));
    return {
      inputIds: padRows(rows, tokenizer.padTokenId ?? 0, device),
      attentionMask: attentionMaskOf(rows, device),
      documentStarts: holdsTwo ? documentStartsOf(examples, time, device) : undefined,
      targets: targetsOf(
        examples.map(({ labels }) => labels),
        device,
      ),
      weight: examples[0]?.weight ?? 1,
    };
  };
  return {
    name: 'masked-next-token',
    rows: 'tokens',
    tasks: ['causalLM'],
    weights: { words: 1 },
    window: context + 1,
    overlap: 1,

    example({ ids: own, starts: borders }, random, progress = 1) {
      const ids = own.subarray(0, context + 1);
      const { starts, ends } = packing === 'stream' ? { starts: [], ends: [] } : bordersOf(borders, endBegins);
      const isCausal = random.next() < causalShare;
      const time = ids.length - 1;
      const read = ids.subarray(0, time);
      if (isCausal) {
        const labels = Int32Array.from(ids.subarray(1));
        for (const end of ends) labels.fill(IGNORE_INDEX, end, end + 1);
        return { isCausal, inputIds: Uint32Array.from(read), labels, starts, weight: 1 };
      }
      const chosen = probabilityAt(probability, progress);
      // What begins a window or a document that is kept apart has no position before it.
      const isPredicted = ({ position }: { position: number }): boolean => position > 0 && !ends.includes(position - 1);
      const places = drawMask(read, { ...masking, probability: chosen }, vocabulary, random).filter(isPredicted);
      const { inputIds, labels } = applyMask(read, places, vocabulary.maskId);
      // One window counts as much as another, whichever way it is read.
      return { isCausal, inputIds, labels: before(labels), starts, weight: chosen > 0 ? 1 / chosen : 1 };
    },

    lengthOf: ({ inputIds }) => inputIds.length,

    batch: (examples, device) => ({
      masked: partOf(
        examples.filter(({ isCausal }) => !isCausal),
        device,
      ),
      causal: partOf(
        examples.filter(({ isCausal }) => isCausal),
        device,
      ),
    }),

    counts: ({ masked, causal }) => ({
      words: weighed(masked) + weighed(causal),
      masked: masked.targets.count,
      causal: causal.targets.count,
      accuracy: masked.targets.count,
    }),

    means: (model, batch) =>
      scope((): Means => {
        const read = ({ inputIds, attentionMask, documentStarts, targets }: Part, isCausal: boolean): Means => {
          if (targets.count === 0) return {};
          // What is causal never sees the padding after it.
          const inputs = isCausal
            ? { inputIds, documentStarts }
            : { inputIds, documentStarts, attentionMask, isCausal };
          return wordMeans(model.head as LMHead, model.backbone.forward(inputs).lastHiddenState, targets);
        };
        const { words: masked, accuracy } = read(batch.masked, false);
        const { words: causal } = read(batch.causal, true);
        const total = weighed(batch.masked) + weighed(batch.causal);
        const parts = [masked?.mul(weighed(batch.masked) / total), causal?.mul(weighed(batch.causal) / total)];
        const present = parts.filter(part => part !== undefined);
        return {
          ...(present.length > 0 && { words: present.reduce((a, b) => a.add(b)) }),
          ...(masked && { masked }),
          ...(causal && { causal }),
          ...(accuracy && { accuracy }),
        };
      }),
  };
}

const weighed = ({ targets, weight }: Part): number => targets.count * weight;

/** Each label a position earlier, where its token is the next one. */
function before(labels: Int32Array): Int32Array {
  const result = new Int32Array(labels.length).fill(IGNORE_INDEX);
  result.set(labels.subarray(1));
  return result;
}
