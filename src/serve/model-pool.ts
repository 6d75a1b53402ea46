/** The models and adapters of a server: loaded, found by name, and let go. */
import { basename, resolve } from 'node:path';
import { UserError, usageError } from '../support/errors.ts';
import { type OpenedEngine, type OpenOptions, openEngine } from './engine/open-engine.ts';
import type { ModelCard, ModelPool } from './protocol.ts';

export interface ModelPoolOptions extends Omit<OpenOptions, 'name'> {
  models: readonly { path: string; name?: string }[];
  /** Of the first model, unless `parent` names another. */
  adapters?: readonly { path: string; name: string; parent?: string }[];
  /** Told what is worth knowing, a line at a time. */
  onNote?: (note: string) => void;
}

interface Entry {
  card: ModelCard;
  engine: OpenedEngine;
  adapter?: string;
}

/**
 * A pool whose first models are loading: `ready` says when they are there. Requests for models that are follow at once.
 */
export function createModelPool(options: ModelPoolOptions): ModelPool & { ready: Promise<void> } {
  const { models, adapters = [], onNote = () => {}, ...engineOptions } = options;
  const entries = new Map<string, Entry>();
  const loading = new Set<string>();
  const pending = new Set<Promise<unknown>>();
  let isReady = false;
  let isClosed = false;

  const find = (name: string): Entry => {
    const entry = entries.get(name);
    if (entry) return entry;
    throw new UserError('TSLM_MODEL_NOT_FOUND', `there is no model '${name}'`, {
      hint: entries.size === 0 ? 'none is loaded' : `loaded: ${[...entries.keys()].join(', ')}`,
    });
  };

  /** Reserves a name while what bears it is loaded. */
  async function named<T>(name: string, load: () => Promise<T>): Promise<T> {
    if (entries.has(name) || loading.has(name)) {
      throw usageError(
        'TSLM_NAME_TAKEN',
        `there is a model '${name}' already`,
        'give another name, or unload that one first',
      );
    }
    if (isClosed) throw new UserError('TSLM_CLOSED', 'the models are being closed', { hint: 'start the server again' });
    loading.add(name);
    const loaded = load();
    pending.add(loaded);
    try {
      return await loaded;
    } finally {
      loading.delete(name);
      pending.delete(loaded);
    }
  }

  const load: ModelPool['load'] = ({ path, name = basename(resolve(path)), parent }) =>
    named(name, async () => {
      if (parent !== undefined) {
        const { engine, adapter, card: parentCard } = find(parent);
        if (adapter !== undefined) {
          throw usageError(
            'TSLM_NOT_ABLE',
            `'${parent}' is an adapter itself`,
            `name its model, '${parentCard.parent}'`,
          );
        }
        const card = await engine.loadAdapter(name, path);
        entries.set(name, { card, engine, adapter: name });
        return card;
      }
      const engine = await openEngine(path, { ...engineOptions, name });
      entries.set(name, { card: engine.card, engine });
      for (const note of engine.notes) onNote(`${name}: ${note}`);
      return engine.card;
    });

  async function loadAll(): Promise<void> {
    for (const model of models) await load(model);
    const first = entries.keys().next().value;
    for (const { path, name, parent = first } of adapters) await load({ path, name, parent });
    isReady = true;
  }

  const ready = loadAll();
  ready.catch(() => {}); // whoever awaits it sees it
  return {
    ready,
    get isReady() {
      return isReady;
    },
    list: () => Array.from(entries.values(), ({ card }) => card),
    find,
    load,
    async unload(name) {
      const { engine, adapter } = find(name);
      entries.delete(name);
      if (adapter !== undefined) return engine.unloadAdapter(adapter);
      for (const [other, entry] of entries) if (entry.engine === engine) entries.delete(other);
      await engine.close();
    },
    async close() {
      isClosed = true;
      await Promise.allSettled(pending); // what is half loaded cannot be let go
      const engines = new Set(Array.from(entries.values(), ({ engine }) => engine));
      entries.clear();
      await Promise.all(Array.from(engines, engine => engine.close()));
    },
  };
}
