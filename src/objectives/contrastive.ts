/**
 * Contrastive learning of sentence vectors (SimCSE, Gao et al. 2021): a sentence is to be nearest to its partner among
 * all of the batch. The partner is the same sentence under other dropout, or one that people called its equal, with a
 * third one that is not although it looks so. Matryoshka sizes (Kusupati et al. 2022) ask the same of the first
 * dimensions alone.
 */
import { z } from 'zod';
import { tokenLoss } from '../models/losses.ts';
import type { Model } from '../models/model.ts';
import { embed, type Pooling } from '../models/pooling.ts';
import { usageError } from '../support/errors.ts';
import { arange, scope, type Tensor } from '../torch/index.ts';
import { attentionMaskOf, padRows, shareRight } from './batches.ts';
import type { Means, Objective, ObjectiveContext } from './objective.ts';
import { sentenceTransformersFiles } from './sentence-transformers.ts';

export const contrastiveOptions = z.strictObject({
  name: z.literal('contrastive'),
  /** `text`: each sentence with itself; `triplet`: with its partner, and where there is one a hard negative. */
  rows: z.enum(['text', 'triplet']).default('text'),
  temperature: z.number().positive().default(0.05),
  /** `first-last`: the mean of the words' vectors and the last layer's. */
  pooling: z.enum(['mean', 'cls', 'last', 'max', 'pooler', 'first-last']).default('cls'),
  /** Of these sizes, the whole always among them, the mean is taken. */
  matryoshka: z.array(z.int().positive()).default([]),
});

/** Options of contrastive learning; each is explained in docs/OBJECTIVES.md. */
export type ContrastiveOptions = Partial<Omit<z.output<typeof contrastiveOptions>, 'name'>>;

/** The sentence, its partner, and a hard negative. */
export type Views = readonly (readonly number[])[];

export interface ContrastiveBatch {
  /** int64 [views · batch, time]: all first ones, all partners, then the negatives there are */
  inputIds: Tensor;
  attentionMask: Tensor | undefined;
  size: number;
}

/**
 * Mean cross-entropy of each sentence's cosines with all candidates, of which the one of its own number is right.
 *
 * @param anchors [batch, dim]
 * @param candidates [batch or more, dim]
 */
export function infoNCE(anchors: Tensor, candidates: Tensor, temperature: number): { loss: Tensor; accuracy: Tensor } {
  const unit = (x: Tensor): Tensor => {
    const wide = x.to('float32');
    return wide.div(wide.vectorNorm([-1], { keepdim: true }).clamp({ min: 1e-8 }));
  };
  const scores = unit(anchors).matmul(unit(candidates).transpose(0, 1)).div(temperature);
  const right = arange(0, anchors.size(0), { dtype: 'int64', device: anchors.device });
  return { loss: tokenLoss(scores, right), accuracy: shareRight(scores, right) };
}

/** Contrastive learning of sentence vectors, with the other rows of the batch as negatives (SimCSE, Gao et al. 2021). */
export function contrastive(
  { tokenizer, context, model }: ObjectiveContext,
  { rows = 'text', temperature = 0.05, pooling = 'cls', matryoshka = [] }: ContrastiveOptions = {},
): Objective<'text' | 'triplet', Views, ContrastiveBatch> {
  const { before, after } = tokenizer.specialTokensAround();
  const room = Math.max(0, context - before.length - after.length);
  const encode = (text: string): number[] => [...before, ...tokenizer.encodeIds(text).subarray(0, room), ...after];
  return {
    name: 'contrastive',
    rows,
    tasks: ['backbone'],
    weights: { pairs: 1 },
    files: model && sentenceTransformersFiles(pooling, { hidden: model.backbone.hidden, context }),

    example(row) {
      if ('anchor' in row) {
        return [row.anchor, row.positive, ...(row.negative === undefined ? [] : [row.negative])].map(encode);
      }
      const ids = encode(row.text);
      return [ids, ids];
    },

    lengthOf: views => views.reduce((sum, { length }) => sum + length, 0),

    batch(examples, device) {
      const views = [0, 1, 2].flatMap(view => examples.flatMap(example => (example[view] ? [example[view]] : [])));
      return {
        inputIds: padRows(views, tokenizer.padTokenId ?? 0, device),
        attentionMask: attentionMaskOf(views, device),
        size: examples.length,
      };
    },

    counts: ({ size }) => ({ pairs: size, accuracy: size }),

    means(model, { inputIds, attentionMask, size }) {
      return scope((): Means => {
        const vectors = pooled(model, { inputIds, attentionMask }, pooling);
        const width = vectors.size(1);
        const tooWide = matryoshka.find(dim => dim > width);
        if (tooWide !== undefined) {
          throw usageError('TSLM_BAD_SIZES', `matryoshka: ${tooWide} is more than the vectors' ${width} dimensions`);
        }
        const results = [...new Set([width, ...matryoshka])].map(dim => {
          const part = vectors.narrow(1, 0, dim);
          return infoNCE(part.narrow(0, 0, size), part.narrow(0, size, part.size(0) - size), temperature);
        });
        const loss = results.map(result => result.loss).reduce((a, b) => a.add(b));
        return { pairs: loss.div(results.length), accuracy: results[0].accuracy };
      });
    },
  };
}

/** [views, time] → [views, hidden] */
function pooled(
  { backbone }: Model,
  inputs: Pick<ContrastiveBatch, 'inputIds' | 'attentionMask'>,
  pooling: Pooling | 'pooler' | 'first-last',
): Tensor {
  const output = backbone.forward({ ...inputs, outputHiddenStates: pooling === 'first-last' });
  if (pooling === 'first-last') {
    const lastHiddenState = output.hiddenStates![0].add(output.lastHiddenState).div(2);
    return embed({ lastHiddenState }, inputs.attentionMask, { pooling: 'mean' });
  }
  if (pooling !== 'pooler') return embed(output, inputs.attentionMask, { pooling });
  if (output.poolerOutput) return output.poolerOutput;
  throw usageError('TSLM_NO_POOLER', 'the model has no pooler', 'use pooling: cls or mean');
}
