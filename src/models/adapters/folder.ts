/** Folders that hold an adapter in place of a model: the base is elsewhere, and the adapter says where. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { resolveModelPath } from '../../hub/resolve-model-path.ts';
import { usageError } from '../../support/errors.ts';
import type { Model } from '../model.ts';
import { useAdapter } from './adapter.ts';
import { CONFIG_FILE, readAdapterConfig } from './config.ts';
import { loadAdapter } from './load.ts';
import { mergeAdapter, mergeProblem } from './merge.ts';

/**
 * The folder of the adapter that a name means: itself, or `model/` in the folder of a run.
 *
 * @throws UserError when there is none
 */
export function adapterFolder(name: string): string {
  const path = resolveModelPath(name);
  for (const folder of [path, join(path, 'model')]) if (hasAdapter(folder)) return folder;
  throw usageError('TSLM_NO_ADAPTER', `${path}: no adapter here (there is no ${CONFIG_FILE})`, 'give its folder');
}

/**
 * The model that a folder's adapter was made for; undefined for a folder without one.
 *
 * @throws UserError when that model is not there
 */
export function baseFolderOf(folder: string): string | undefined {
  if (!hasAdapter(folder)) return undefined;
  const { base_model_name_or_path: name } = readAdapterConfig(folder);
  const path = name == null ? undefined : resolveModelPath(name);
  const found = path === undefined ? undefined : [path, join(path, 'model')].find(isModel);
  if (found !== undefined) return found;
  throw usageError(
    'TSLM_NO_MODEL',
    `${folder}: the model of this adapter, '${name}', is not there`,
    `give the model and the adapter apart (--adapter), or correct 'base_model_name_or_path' in its ${CONFIG_FILE}`,
  );
}

/** Whether a folder holds an adapter. */
export const hasAdapter = (folder: string): boolean => existsSync(join(folder, CONFIG_FILE));

const isModel = (folder: string): boolean => existsSync(join(folder, 'config.json'));

/**
 * Makes a model the adapted one for good: by its weights where they can do that, else by an adapter that stays in use.
 *
 * @returns keys of the parameters that came whole with the adapter
 */
export function putOn(model: Model, folder: string): Set<string> {
  const adapter = loadAdapter(model, folder);
  const brought = new Set(adapter.replacements.map(({ key }) => key));
  if (mergeProblem(adapter)) useAdapter(model, adapter);
  else {
    mergeAdapter(model, adapter, { forGood: true });
    adapter.dispose();
  }
  return brought;
}
