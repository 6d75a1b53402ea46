/** A recipe for rows that were looked at and a model to begin with. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FileRowKind } from '../../data/rows/columns.ts';
import { dropoutKeys } from '../../models/auto.ts';
import type { ProblemType } from '../../models/config/keys.ts';
import type { Model } from '../../models/model.ts';
import { usageError } from '../../support/errors.ts';
import { readJson } from '../../support/files.ts';
import { type Look, labelNames } from './look.ts';
import { classFor, wayOf } from './ways.ts';

export interface PlanOptions {
  name: string;
  model: string;
  data: readonly string[];
  /** Files, or a share of the rows. */
  validation: readonly string[] | number;
  columns: Record<string, string>;
  skipBad: boolean;
  /** Passes over the rows. Default 3; of models under 30M weights, which have less to forget, 6. */
  epochs?: number;
  /** Rows of an update. Default by the kind of rows. */
  batchSize?: number;
  /** Highest learning rate. Default by the model's width. */
  lr?: number;
  /** Train an adapter and leave the model as it is. */
  adapter?: Readonly<Record<string, unknown>>;
  /** What is dropped in training. Default: what the model's config.json says. */
  dropout?: number;
  /** A template for a tokenizer that has none. */
  chatTemplate?: string;
  seed: number;
}

/** Fewer weights are a small model, trained from scratch by the person who has it. */
const SMALL = 30e6;
/** The usual rate of networks that are 768 wide; narrower ones bear more, in proportion. */
const LR_OF_BASE = 5e-5;
const BASE_WIDTH = 768;
const MOST_LR = 5e-4;
/** An adapter bears ten times the rate of the whole model. */
const ADAPTERS = 10;

/**
 * Few passes, a rate that falls to 0, evaluations once a pass of which the best is kept, and three without a better one are
 * the end; lower layers of encoders learn more slowly (Howard & Ruder 2018).
 *
 * @param training rows that are trained on
 * @returns what a recipe file says
 */
export function planRecipe(
  kind: FileRowKind,
  seen: Look,
  model: Model,
  training: number,
  options: PlanOptions,
): Record<string, unknown> {
  const way = wayOf(kind);
  const { objective } = way;
  const isSmall = model.parameterCount() < SMALL;
  const { epochs = isSmall ? 6 : 3, batchSize = way.batchSize ?? 16 } = options;
  const perEpoch = Math.max(1, Math.ceil(training / batchSize));
  const steps = perEpoch * epochs;
  const usual = Math.min(MOST_LR, LR_OF_BASE * Math.max(1, BASE_WIDTH / model.backbone.hidden));
  const lr = options.lr ?? usual * (way.rate ?? 1) * (options.adapter ? ADAPTERS : 1);
  const architecture = classFor(model.family, ownClass(options.model), objective);
  const labels = labelsFor(kind, seen);
  return {
    name: options.name,
    seed: options.seed,
    data: {
      train: options.data,
      validation: options.validation,
      ...(Object.keys(options.columns).length > 0 && { columns: options.columns }),
      ...(options.skipBad && { skipBad: true }),
      ...(options.chatTemplate !== undefined && { chatTemplate: options.chatTemplate }),
    },
    objective: { name: objective },
    model: {
      from: options.model,
      context: seen.context,
      architecture,
      ...labels,
      ...(options.dropout !== undefined && { config: dropoutFor(model, options.dropout) }),
    },
    ...(options.adapter && { adapter: options.adapter }),
    // Four bits are chosen where memory is short: activations are made again then, too.
    train: { steps, batchSize, ...(options.adapter?.quantize !== undefined && { recompute: true }) },
    optimizer: {
      name: 'adamw',
      lr: Number(lr.toPrecision(2)),
      betas: [0.9, 0.999],
      weightDecay: 0.01,
      ...(model.backbone.kind === 'encoder' && !options.adapter && { layerDecay: 0.9 }),
    },
    schedule: { name: 'linear', numWarmupSteps: Math.floor(steps / 10) },
    evaluation: { every: perEpoch, windows: 0, patience: 3, ...(isRight(kind, seen) && { best: 'accuracy' }) },
    checkpoints: { every: perEpoch, keep: 1 },
  };
}

/** Whether answers are right or wrong: how many are right goes on rising when their loss has begun to. */
const isRight = (kind: FileRowKind, { isRegression, isAnyOf }: Look): boolean =>
  kind === 'choice' || (kind === 'labelled' && !isRegression && !isAnyOf);

function dropoutFor({ family }: Model, rate: number): Record<string, unknown> {
  if (!(rate >= 0 && rate < 1)) {
    throw usageError('TSLM_BAD_VALUE', `--dropout ${rate}: not a share from 0 to below 1`, 'for example --dropout 0.1');
  }
  const keys = dropoutKeys(family, rate);
  if (rate === 0 || Object.keys(keys).length > 0) return keys;
  throw usageError('TSLM_NOT_SUPPORTED', `--dropout: '${family.modelType}' drops nothing in training`, 'leave it out');
}

function ownClass(model: string): string | undefined {
  const path = join(model, 'config.json');
  const { architectures } = existsSync(path) ? (readJson(path) as { architectures?: string[] }) : {};
  return architectures?.[0];
}

/** The outputs of a new head. */
function labelsFor(kind: FileRowKind, seen: Look): { labels?: string[]; problemType?: ProblemType } {
  if (seen.isRegression) return { labels: ['score'], problemType: 'regression' };
  if (seen.labels === undefined) return {};
  const problemType = kind === 'labelled' && seen.isAnyOf ? 'multi_label_classification' : undefined;
  return { labels: labelNames(seen.labels), ...(problemType && { problemType }) };
}
