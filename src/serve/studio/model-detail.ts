/** What there is to know of a loaded model without asking it: its tree, its files, its descent. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { ModelPool } from '../../engine/protocol.ts';
import { readJson } from '../../support/files.ts';
import type { ModelDetail } from './api.ts';
import { evaluationsOf } from './run-detail.ts';

/** @throws UserError `TSLM_MODEL_NOT_FOUND` */
export async function describeLoaded(pool: ModelPool, id: string): Promise<ModelDetail> {
  const { card, engine } = pool.find(id);
  const folder = card.path;
  if (folder === undefined) return { card, evaluations: [] };
  const adapter = join(folder, 'adapter_config.json');
  const configFile = existsSync(adapter) ? adapter : join(folder, 'config.json');
  return {
    card,
    ...(await anatomy(engine.card.path ?? folder)),
    config: readJson(configFile) as Record<string, unknown>,
    readme: ifThere(join(folder, 'README.md'), path => readFileSync(path, 'utf8')),
    lineage: ifThere(join(folder, 'run.json'), path => readJson(path) as Record<string, unknown>),
    evaluations: evaluationsOf({ id, path: basename(folder) === 'model' ? dirname(folder) : folder }),
  };
}

/** Of shapes alone: no weight is read. */
async function anatomy(folder: string): Promise<Pick<ModelDetail, 'tree' | 'memory'>> {
  const { describeModel } = await import('../../models/auto.ts');
  const { modelMemory, modelTree } = await import('../../models/inspect.ts');
  const { model, checkpoint } = describeModel(folder);
  try {
    return { tree: modelTree(model), memory: modelMemory(model, checkpoint) };
  } finally {
    model.dispose();
  }
}

const ifThere = <T>(path: string, read: (path: string) => T): T | undefined =>
  existsSync(path) ? read(path) : undefined;
