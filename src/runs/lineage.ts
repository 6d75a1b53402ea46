/** run.json: where a run comes from, and everything that would be needed to repeat it. */
import { existsSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { modelFolder } from '../models/auto.ts';
import type { Model } from '../models/model.ts';
import type { Packing } from '../objectives/objective.ts';
import { UserError } from '../support/errors.ts';
import { readJson } from '../support/files.ts';
import { parseOptions } from '../support/schema.ts';
import { version } from '../support/version.ts';
import { cpu } from '../torch/cpu.ts';
import { native, processorTier } from '../torch/native.ts';
import { computeDtype } from '../train/precision.ts';
import { resolvedRecipe } from './recipe.ts';
import type { Recipe } from './recipe-schema.ts';
import { moduleHashes } from './rewards/module-hashes.ts';
import type { RunSource } from './run-source.ts';
import type { TakenVectors } from './word-vectors.ts';

export type Lineage = ReturnType<typeof lineageOf> & {
  /** Of a run of epochs, what these come to. */
  steps?: number;
  /** What `resume` changed of the recipe, and after which step. */
  changes?: { step: number; changes: Record<string, { before: unknown; after: unknown }> }[];
};

const section = z.record(z.string(), z.unknown());

/** What is read of a lineage; it may say more. */
const lineageSchema = z.looseObject({
  tslm: z.string(),
  name: z.string(),
  created: z.string(),
  parents: z.array(z.string()),
  parameters: z.number(),
  environment: section,
  data: section,
  recipe: section,
  rewards: z.record(z.string(), z.string()).optional(),
  steps: z.int().positive().optional(),
  changes: z.array(z.looseObject({ step: z.int(), changes: section })).optional(),
});

/** @throws UserError when the file is no lineage */
export const readLineage = (path: string): Lineage =>
  parseOptions(lineageSchema, readJson(path), path) as unknown as Lineage;

interface LineageParts {
  recipe: Recipe;
  source: RunSource;
  model: Model;
  /** The word vectors that it begins with. */
  vectors?: TakenVectors;
}

export function lineageOf({ recipe, source, model, vectors }: LineageParts) {
  const { from } = recipe.model;
  const rewards = moduleHashes(recipe);
  return {
    tslm: version,
    name: recipe.name,
    created: new Date().toISOString(),
    /** Folders of the models that this one goes on from. */
    parents: from === undefined ? [] : [resolve(modelFolder(from))],
    data: source.facts,
    ...(Object.keys(rewards).length > 0 && { rewards }),
    ...(vectors && { embeddings: { ...vectors, file: resolve(vectors.file) } }),
    parameters: model.parameterCount(),
    recipe: resolvedRecipe(recipe),
    environment: {
      node: process.version,
      libtorch: native().runtimeInfo().version,
      platform: `${platform()} ${arch()}`,
      cpu: cpu().model,
      products: processorTier(),
      threads: native().threads(),
      precision: computeDtype(recipe.train),
    },
  };
}

/** How the model in a folder was taught to read windows of a corpus: as its run.json says; a stream where there is none. */
export function packingOfModel(folder: string): Packing {
  const path = join(folder, 'run.json');
  const run = existsSync(path) ? (readJson(path) as { recipe?: { data?: { packing?: unknown } } } | null) : null;
  return run?.recipe?.data?.packing === 'documents' ? 'documents' : 'stream';
}

/** @throws UserError when the data is another than the run began with */
export function requireSameData({ data }: Lineage, { fingerprint, facts }: RunSource): void {
  const before = data.index_sha256 ?? data.rows_sha256;
  if (before === fingerprint) return;
  const isCorpus = facts.corpus !== undefined;
  throw new UserError(
    isCorpus ? 'TSLM_CORPUS_CHANGED' : 'TSLM_ROWS_CHANGED',
    isCorpus
      ? `${facts.corpus}: the corpus is not the one this run began with`
      : `${facts.rows}: the rows, or the tokenizer, are not those this run began with`,
    { hint: `put ${isCorpus ? 'the corpus' : 'them'} back, or start a new run` },
  );
}
