/** A model card (Mitchell et al. 2019): what a model is for, what it learnt from, how well it does, under Hugging Face's headings. */
import { basename } from 'node:path';
import { formatCount, formatDuration } from '../../support/format.ts';
import type { Recipe } from '../recipe-schema.ts';
import type { RunResult } from '../run.ts';
import type { Baseline } from './baselines.ts';
import type { Finetuning } from './finetune-plan.ts';
import { marginText } from './margin-text.ts';

/** Hugging Face's names of tasks, by the kind of rows. */
const PIPELINES: Record<string, string> = {
  labelled: 'text-classification',
  tagged: 'token-classification',
  reading: 'question-answering',
  translation: 'translation',
  choice: 'multiple-choice',
  triplet: 'sentence-similarity',
  instruction: 'text-generation',
  preference: 'text-generation',
  feedback: 'text-generation',
};

export function modelCard(plan: Finetuning & { recipe: Recipe }, run: RunResult, scores: readonly Baseline[]): string {
  const { kind, look, recipe, heldOut, model } = plan;
  const files = (recipe.data.train ?? []).map(one => basename(typeof one === 'string' ? one : one.path)).join(', ');
  const labels = recipe.model.labels;
  const { adapter } = recipe;
  return `---
library_name: transformers
pipeline_tag: ${PIPELINES[kind] ?? 'other'}
base_model: ${basename(model.path)}
tags: [tslm]
---

# ${recipe.name}

A ${model.modelType} model of ${formatCount(run.parameters)} weights, fine-tuned from \`${basename(model.path)}\` on ${look.rows} rows of
${files}${adapter ? `; what was trained is an adapter (${adapter.method})` : ''}${labels ? `, to tell ${labels.length === 1 ? 'a number' : listed(labels)}` : ''}.

## Training

${recipe.objective.name}; ${run.step} updates of ${recipe.train.batchSize} rows with ${recipe.optimizer.name}, learning rate ${recipe.optimizer.lr},
seed ${recipe.seed}, ${formatDuration(run.seconds)}. Texts are cut after ${recipe.model.context} tokens; ${look.cut} of the rows were longer.
The weights are those of step ${run.best?.step}, the best by held-out loss (${run.best?.loss.toFixed(4)}). \`recipe.yaml\` and \`run.json\` of
the run say the rest.

## Evaluation

On ${heldOut} rows that were held out${typeof recipe.data.validation === 'number' ? ', drawn from the same files: texts of another origin may fare worse' : ''}.

${scoreTable(scores)}
${labels && look.labels ? `\n## Labels\n\n${look.labels.map(([label, count]) => `- \`${label}\`: ${count} rows`).join('\n')}\n` : ''}`;
}

function scoreTable(scores: readonly Baseline[]): string {
  if (scores.length === 0) return 'The held-out loss above is all that was measured.';
  const names = Object.keys(scores[0].scores.metrics);
  const rows = scores.map(({ name, scores: { metrics, interval, intervals } }) => {
    const cells = names.map((metric, i) => {
      const range =
        metrics[metric] === undefined ? undefined : (intervals?.[metric] ?? (i === 0 ? interval : undefined));
      return `${metrics[metric]?.toFixed(3) ?? ''}${range ? ` (${range.map(x => x.toFixed(3)).join('–')})` : ''}`;
    });
    return `| ${name} | ${cells.join(' | ')} |`;
  });
  const margins = scores.flatMap(({ name, margin }) =>
    margin ? [`\nOn the same rows ${marginText(margin)} over ${name}.`] : [],
  );
  return [
    `| | ${names.join(' | ')} |`,
    `| --- |${names.map(() => ' --- |').join('')}`,
    ...rows,
    '',
    'In brackets 95 % intervals (of shares Wilson’s).',
    ...margins,
  ].join('\n');
}

const MOST_LISTED = 12;

const listed = (labels: readonly string[]): string =>
  labels.length > MOST_LISTED ? `${labels.length} labels apart` : labels.map(label => `\`${label}\``).join(', ');
