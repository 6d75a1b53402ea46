/** The LoRA adapters of a model, by the names that requests use. */
import { adapterFolder } from '../models/adapters/folder.ts';
import { type Adapter, loadAdapter, withAdapter } from '../models/adapters/index.ts';
import { filesHash } from '../models/content-hash.ts';
import type { Model } from '../models/model.ts';
import { UserError, usageError } from '../support/errors.ts';

export interface Adapters extends Disposable {
  /**
   * @returns SHA-256 of its files
   * @throws UserError when the folder holds no adapter of this model, or the name is taken
   */
  load(name: string, folder: string): string;
  /** @throws UserError when there is none of that name */
  unload(name: string): void;
  /** @throws UserError when there is none of that name */
  require(name: string | undefined): void;
  /** SHA-256 of the files that it was loaded from; of the model itself the empty text. */
  contentOf(name: string | undefined): string;
  /** Runs `body` with the adapter in force; without a name the model as it is. */
  run: <T>(name: string | undefined, body: () => T) => T;
}

export function createAdapters(model: Model): Adapters {
  const loaded = new Map<string, Adapter>();
  const contents = new Map<string, string>();
  const find = (name: string): Adapter => {
    const adapter = loaded.get(name);
    if (adapter) return adapter;
    throw new UserError('TSLM_MODEL_NOT_FOUND', `there is no adapter '${name}' any more`, {
      hint: '/v1/models lists what is loaded',
    });
  };
  return {
    load(name, folder) {
      if (loaded.has(name))
        throw usageError('TSLM_NAME_TAKEN', `there is an adapter '${name}' already`, 'choose another name');
      const place = adapterFolder(folder);
      const content = filesHash(place);
      const adapter = loadAdapter(model, place);
      if (adapter.prompt) {
        adapter.dispose();
        throw usageError(
          'TSLM_NOT_SERVED',
          `'${name}': an adapter that stands before the input is not served beside others`,
          'serve its own folder as a model',
        );
      }
      loaded.set(name, adapter);
      contents.set(name, content);
      return content;
    },
    unload(name) {
      find(name)[Symbol.dispose]();
      loaded.delete(name);
      contents.delete(name);
    },
    require(name) {
      if (name !== undefined) find(name);
    },
    contentOf: name => (name === undefined ? '' : (contents.get(name) ?? '')),
    run: (name, body) => (name === undefined ? body() : withAdapter(model, find(name), body)),
    [Symbol.dispose]() {
      for (const adapter of loaded.values()) adapter[Symbol.dispose]();
    },
  };
}
