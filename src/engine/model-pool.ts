/** The models and adapters of a server: loaded, found by name, and let go. */
import { realpathSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { baseFolderOf } from '../models/adapters/folder.ts';
import { modelFolder } from '../models/auto.ts';
import { UserError, usageError } from '../support/errors.ts';
import { type OpenOptions, openEngine } from './open-engine.ts';
import type { ModelCard, ModelPool } from './protocol.ts';
import { RequestError } from './request-error.ts';
import { type SupervisedEngine, type SuperviseOptions, supervise } from './supervise.ts';

export interface ModelPoolOptions extends Omit<OpenOptions, 'name'> {
  models: readonly { path: string; name?: string }[];
  /** Of the first model, unless `parent` names another. */
  adapters?: readonly { path: string; name: string; parent?: string }[];
  /** Told what is worth knowing, a line at a time. */
  onNote?: (note: string) => void;
  /** Told that a model has ended or could not be opened again, and in how many seconds that is tried. */
  onDown?: (model: string, reason: unknown, seconds: number) => void;
  /** Told that it answers again. */
  onUp?: (model: string) => void;
  /** How a model is opened; default in a worker of its own. */
  open?: typeof openEngine;
  supervision?: Pick<SuperviseOptions, 'delays' | 'stableMs'>;
}

interface Entry {
  card: ModelCard;
  engine: SupervisedEngine;
  adapter?: string;
  /** Requests that it must stay for, and who waits for the last of them. */
  uses: number;
  onIdle?: () => void;
}

const entryOf = (parts: Omit<Entry, 'uses' | 'onIdle'>): Entry => ({ ...parts, uses: 0 });

/**
 * A pool that `start` loads the first models of. Requests are answered by those that are there already.
 */
export function createModelPool(options: ModelPoolOptions): ModelPool & { start(): Promise<void> } {
  const { models, adapters = [], onNote = () => {}, onDown, onUp, open = openEngine, supervision, ...rest } = options;
  const entries = new Map<string, Entry>();
  const loading = new Set<string>();
  const pending = new Set<Promise<unknown>>();
  /** Names of what is still to be loaded at the start. */
  const expected = new Set([
    ...models.map(({ path, name = basename(resolve(path)) }) => name),
    ...adapters.map(({ name }) => name),
  ]);
  let isReady = false;
  let isClosed = false;

  const find = (name: string): Entry => {
    const entry = entries.get(name);
    if (entry) return entry;
    if (loading.has(name) || expected.has(name)) {
      throw new RequestError('TSLM_LOADING', `the model '${name}' is being loaded`, { hint: 'try again in a moment' });
    }
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
        const { engine, card: parentCard } = find(parent);
        if (parentCard.parent !== undefined) {
          throw usageError(
            'TSLM_NOT_ABLE',
            `'${parent}' is an adapter itself`,
            `name its model, '${parentCard.parent}'`,
          );
        }
        const card = await engine.loadAdapter(name, path);
        entries.set(name, entryOf({ card, engine, adapter: name }));
        return card;
      }
      const engine = await supervised(path, name);
      entries.set(name, entryOf({ card: engine.card, engine }));
      for (const note of engine.notes) onNote(`${name}: ${note}`);
      return engine.card;
    });

  const supervised = (path: string, name: string): Promise<SupervisedEngine> =>
    supervise(() => open(path, { ...rest, name }), {
      ...supervision,
      onDown: (reason, seconds) => onDown?.(name, reason, seconds),
      onUp: () => onUp?.(name),
    });

  let replacements = 0;

  const replace: ModelPool['replace'] = async (name, path) => {
    const before = find(name);
    const { engine } = before;
    const folder = modelFolder(path);
    const below = baseFolderOf(folder);
    const loaded = (async (): Promise<Entry> => {
      if (engine.card.path !== undefined && sameFolder(folder, engine.card.path)) {
        return entryOf({ engine, card: { ...engine.card, id: name } });
      }
      if (below !== undefined && engine.card.path !== undefined && sameFolder(below, engine.card.path)) {
        // Under a name of its own, so that both are there while requests end on the one before.
        const adapter = `${name}@${++replacements}`;
        const card = await engine.loadAdapter(adapter, folder);
        return entryOf({ engine, adapter, card: { ...card, id: name, parent: undefined } });
      }
      const other = await supervised(path, name);
      return entryOf({ engine: other, card: other.card });
    })();
    pending.add(loaded);
    try {
      const next = await loaded;
      if (isClosed || entries.get(name) !== before) {
        await letGo(next);
        throw new UserError('TSLM_NAME_TAKEN', `'${name}' was replaced or unloaded in the meantime`, {
          hint: 'try again',
        });
      }
      entries.set(name, next);
      return { card: next.card, drained: idle(before).then(() => letGo(before)) };
    } finally {
      pending.delete(loaded);
    }
  };

  const idle = (entry: Entry): Promise<void> =>
    entry.uses === 0 ? Promise.resolve() : new Promise(resolve => (entry.onIdle = resolve));

  /** Frees what no other name needs. */
  async function letGo({ engine, adapter }: Entry): Promise<void> {
    if (isClosed) return;
    const others = [...entries.values()].filter(one => one.engine === engine);
    if (adapter !== undefined && others.every(one => one.adapter !== adapter)) await engine.unloadAdapter(adapter);
    if (others.length === 0) await engine.close();
  }

  async function loadAll(): Promise<void> {
    for (const model of models) await load(model);
    const first = entries.keys().next().value;
    for (const { path, name, parent = first } of adapters) await load({ path, name, parent });
    isReady = true;
  }

  return {
    start: () => loadAll().finally(() => expected.clear()),
    get isReady() {
      return isReady;
    },
    list: () => [...entries.values()].filter(({ engine }) => engine.isUp).map(({ card }) => card),
    find(name) {
      const entry = find(name);
      entry.engine.requireUp();
      const { engine, card, adapter } = entry;
      return { engine, card, adapter, hold: () => holdOn(entry) };
    },
    states: () =>
      [...entries.values()]
        .filter(({ card }) => card.parent === undefined)
        .map(({ card: { id }, engine: { isUp, restarts } }) => ({ id, isUp, restarts })),
    load,
    replace,
    async unload(name) {
      const { engine, adapter, card } = find(name);
      entries.delete(name);
      if (card.parent !== undefined) return engine.unloadAdapter(adapter!);
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

/** @returns what ends it, once */
function holdOn(entry: Entry): () => void {
  entry.uses++;
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    if (--entry.uses === 0) entry.onIdle?.();
  };
}

const sameFolder = (a: string, b: string): boolean => realpathSync(a) === realpathSync(b);
