/** The config.json of the model that a recipe trains, before there is a model: what its images and its labels are. */
import { join } from 'node:path';
import { familyOf, modelFolder, newModelConfig, withKeys } from '../models/auto.ts';
import { withLabels } from '../models/config/keys.ts';
import { classesFor } from '../objectives/index.ts';
import { readJson } from '../support/files.ts';
import { NEW_CONTEXT } from './recipe.ts';
import type { Recipe } from './recipe-schema.ts';

/** What a new model's config.json follows from beside the recipe. */
export interface Vocabulary {
  vocabSize: number;
  eosTokenId: number | null;
}

/** @throws UserError when there is no model in the folder that `model.from` names */
export function modelConfigFor(
  { model: wanted, objective }: Recipe,
  { vocabSize, eosTokenId }: Vocabulary,
): Record<string, unknown> {
  const { from, labels, problemType, family, dropout, performer, config = {} } = wanted;
  if (from !== undefined) {
    const written = withKeys(readJson(join(modelFolder(from), 'config.json')) as Record<string, unknown>, config);
    return labels ? withLabels(written, labels, problemType) : written;
  }
  const architecture = wanted.architecture ?? classesFor(familyOf(family, 'model.family'), objective.name)[0];
  const sizes = { ...wanted, context: wanted.context ?? NEW_CONTEXT, vocabSize };
  return newModelConfig(family, sizes, {
    dropout,
    eosTokenId,
    performer,
    architecture,
    config: labels ? withLabels(config, labels, problemType) : config,
  });
}
