/** run.json: where a run comes from, and everything that would be needed to repeat it. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join, resolve } from 'node:path';
import type { Corpus } from '../data/corpus/corpus.ts';
import { modelFolder } from '../models/auto.ts';
import type { Model } from '../models/model.ts';
import type { Packing } from '../objectives/objective.ts';
import { UserError } from '../support/errors.ts';
import { readJson } from '../support/files.ts';
import { version } from '../support/version.ts';
import { cpu } from '../torch/cpu.ts';
import { native, processorTier } from '../torch/native.ts';
import { computeDtype } from '../train/precision.ts';
import { type Recipe, resolvedRecipe } from './recipe.ts';

export type Lineage = ReturnType<typeof lineageOf> & {
  /** What `resume` changed of the recipe, and after which step. */
  changes?: { step: number; changes: Record<string, { before: unknown; after: unknown }> }[];
};

export function lineageOf({ recipe, corpus, model }: { recipe: Recipe; corpus: Corpus; model: Model }) {
  const { from } = recipe.model;
  return {
    tslm: version,
    name: recipe.name,
    created: new Date().toISOString(),
    /** Folders of the models that this one goes on from. */
    parents: from === undefined ? [] : [resolve(modelFolder(from))],
    data: {
      corpus: resolve(corpus.directory),
      index_sha256: indexHash(corpus),
      tokenizer_sha256: corpus.index.tokenizer_sha256,
      tokens: corpus.index.splits.train.tokens,
    },
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
  const { recipe } = existsSync(path) ? (readJson(path) as { recipe?: { data?: { packing?: unknown } } }) : {};
  return recipe?.data?.packing === 'documents' ? 'documents' : 'stream';
}

/** @throws UserError when the corpus is another one than the run began with */
export function requireSameCorpus({ data }: Lineage, corpus: Corpus): void {
  if (data.index_sha256 === indexHash(corpus)) return;
  throw new UserError('TSLM_CORPUS_CHANGED', `${corpus.directory}: the corpus is not the one this run began with`, {
    hint: 'put the corpus back, or start a new run',
  });
}

/** The index holds the hash of every shard, so this one stands for the whole corpus. */
const indexHash = (corpus: Corpus): string =>
  createHash('sha256')
    .update(readFileSync(join(corpus.directory, 'corpus.json')))
    .digest('hex');
