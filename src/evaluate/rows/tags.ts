/** Tags of words: F1 of the spans that IOB tags make, as CoNLL counts them; accuracy of tags that make none. */
import type { Rows } from '../../data/rows/rows.ts';
import { bestLabels } from '../../models/crf.ts';
import { labelsOf } from '../../objectives/labels.ts';
import { tokenClassification } from '../../objectives/token-classification.ts';
import { inferenceMode, scope } from '../../torch/index.ts';
import { accuracy } from '../metrics/accuracy.ts';
import { prf } from '../metrics/f1.ts';
import { spanReport, spansOf } from '../metrics/span-f1.ts';
import { bootstrapInterval } from '../statistics/bootstrap.ts';
import { type RowScores, type Scored, shareOf } from './row-scores.ts';

/** Rows of a forward pass. */
const BATCH = 32;

export function scoreTags(scored: Scored, rows: readonly Rows['tagged'][]): RowScores {
  const { names, numberOf } = labelsOf(scored.model.config);
  const truth = rows.map(({ tags }) => tags.map(tag => names[numberOf(tag)]));
  return tagScores(truth, predictTags(scored, rows));
}

export function tagScores(truth: readonly (readonly string[])[], predicted: readonly (readonly string[])[]): RowScores {
  const [flatTruth, flatPredicted] = [truth.flat(), predicted.flat()];
  const right = flatTruth.map((tag, i) => tag === flatPredicted[i]);
  if (!flatTruth.some(tag => /^[BIES]-/.test(tag))) {
    return {
      metrics: { accuracy: accuracy(flatTruth, flatPredicted) },
      // Tags of a sentence depend on each other: a margin tag by tag would be too sure.
      interval: shareOf(right).interval,
      rows: truth.length,
    };
  }
  const { precision, recall, f1 } = spanReport(truth, predicted).micro;
  return {
    metrics: { spanF1: f1, precision, recall, tagAccuracy: accuracy(flatTruth, flatPredicted) },
    interval: intervalOfF1(truth, predicted),
    rows: truth.length,
  };
}

/** By drawing sentences. */
function intervalOfF1(truth: readonly (readonly string[])[], predicted: readonly (readonly string[])[]) {
  const counts = truth.map((tags, i) => {
    const [there, found] = [tags, predicted[i]].map(
      some => new Set(spansOf(some).map(({ type, begin, end }) => `${type}:${begin}-${end}`)),
    );
    return { right: [...found].filter(span => there.has(span)).length, found: found.size, there: there.size };
  });
  return bootstrapInterval(counts.length, items => {
    const sum = { right: 0, found: 0, there: 0 };
    for (const i of items) {
      sum.right += counts[i].right;
      sum.found += counts[i].found;
      sum.there += counts[i].there;
    }
    return prf(sum.right, sum.found, sum.there).f1;
  });
}

/** A tag for each word; what was cut off has `O`, or the model's first label. */
function predictTags({ model, tokenizer }: Scored, rows: readonly Rows['tagged'][]): string[][] {
  const { names } = labelsOf(model.config);
  const rest = names.includes('O') ? 'O' : names[0];
  const { example, batch } = tokenClassification({ tokenizer, model, context: model.maxPositions });
  const predicted: string[][] = [];
  for (let start = 0; start < rows.length; start += BATCH) {
    const some = rows.slice(start, start + BATCH);
    // Their own tags do not matter, only which tokens are asked for.
    const examples = some.map(row => example({ ...row, tags: row.tags.map(() => 0) }, undefined as never));
    const scores = scope(() => {
      const { inputIds, attentionMask, tokenTypeIds } = batch(examples, model.device);
      return inferenceMode(
        () => model.forward({ inputIds, attentionMask, tokenTypeIds }).logits!.toArray() as unknown as number[][][],
      );
    });
    for (const [r, { tokens }] of some.entries()) {
      const places = examples[r].labels.flatMap((label, i) => (label >= 0 ? [i] : []));
      const asked = bestLabels(
        places.map(i => scores[r][i]),
        model,
      ).map(label => names[label]);
      predicted.push(tokens.map((_, w) => asked[w] ?? rest));
    }
  }
  return predicted;
}
