/**
 * The revisions of a service's model: a folder each, named by the content of model and adapter, and links that say what is what.
 * `champion` answers, `challenger` answers a few, `shadow` answers and is not shown, `previous` is what a rollback goes back to. A link is
 * changed by a rename.
 */
import { existsSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { modelFolder } from '../../models/auto.ts';
import { contentHash, fingerprintOf } from '../../models/content-hash.ts';
import { isErrno, UserError, usageError } from '../../support/errors.ts';
import { makeFolder, readJson, syncFolder, temporaryBeside, writeJson } from '../../support/files.ts';
import { type Lock, takeLock } from '../../support/lock.ts';
import type { FeedbackStore } from '../store/store.ts';

export const ALIASES = ['champion', 'challenger', 'shadow', 'previous'] as const;
/** Names of revisions: what answers, what is tried, what answers in the shadow, and what answered before. */
export type Alias = (typeof ALIASES)[number];

export interface Revision {
  /** `system_fingerprint` of what answers with it. */
  id: string;
  created: number;
  parent?: string;
  state: 'base' | 'candidate' | 'passed' | 'rejected';
  /** What the gate said, once it has. */
  decision?: Record<string, unknown>;
}

export interface Registry {
  readonly folder: string;
  /** The model that everything began with. */
  readonly base: { id: string; path: string };
  /** The revision that a link names. */
  alias(name: Alias): string | undefined;
  /** Where a revision's model or adapter is. */
  pathOf(id: string): string;
  revisions(): Revision[];
  revision(id: string): Revision | undefined;
  /** Makes a revision the champion, and the champion the previous one. */
  promote(id: string, why: string): { from: string; to: string };
  /** Makes the previous one the champion again. */
  rollback(why: string): { from: string; to: string };
  /** What a canary tries; undefined ends it. */
  challenge(id: string | undefined, why: string): void;
  /** What answers beside the champion without being shown; undefined ends it. */
  shadow(id: string | undefined, why: string): void;
}

const REVISIONS = 'revisions';

/** Whoever changes revisions and links has this lock. */
export const lockRegistry = (folder: string, patience = 0): Lock =>
  takeLock(join(folder, '.learn.lock'), `${folder}: the revisions`, { patience });

/**
 * Opens the registry of a service's folder.
 *
 * @param model the folder of the model it is for, or of a run; default the one that it was made for
 * @throws UserError when it is another model's
 */
export function openRegistry(store: FeedbackStore, model?: string): Registry {
  const { folder, database } = store;
  const path = join(folder, 'base.json');
  if (!existsSync(path)) {
    if (model === undefined) {
      throw usageError(
        'TSLM_NO_MODEL',
        `${folder}: it is not known which model this is for`,
        `tslm serve MODEL --learn ${folder}`,
      );
    }
    const place = resolve(modelFolder(model));
    const id = fingerprintOf(contentHash(place));
    database.prepare("INSERT OR IGNORE INTO revisions VALUES (?, ?, NULL, ?, 'base', NULL)").run(id, Date.now(), place);
    linkBase(folder, id, place);
    link(folder, 'champion', id);
    writeJson(path, { id, path: place });
  }
  const base = readJson(path) as { id: string; path: string };
  if (model !== undefined) {
    const id = fingerprintOf(contentHash(modelFolder(model)));
    if (id !== base.id) {
      throw usageError(
        'TSLM_OTHER_MODEL',
        `${folder} belongs to the model ${base.id}, and ${model} is ${id}`,
        'a model that was changed is another one: give it a folder of its own with --learn',
      );
    }
  }
  return registryOf(store, base);
}

function registryOf({ folder, database, event }: FeedbackStore, base: { id: string; path: string }): Registry {
  const alias = (name: Alias): string | undefined => {
    try {
      return readlinkSync(join(folder, name)).split('/').at(-1);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  };
  const revisions = (): Revision[] =>
    (database.prepare('SELECT * FROM revisions ORDER BY created, id').all() as RevisionRow[]).map(revisionOf);
  const requireRevision = (id: string): void => {
    if (id !== base.id && !existsSync(join(folder, REVISIONS, id))) {
      throw usageError(
        'TSLM_NOT_FOUND',
        `${folder}: there is no revision '${id}'`,
        `tslm history ${folder} lists them`,
      );
    }
  };
  const become = (id: string, kind: 'promoted' | 'rolled back', why: string): { from: string; to: string } => {
    const from = alias('champion') ?? base.id;
    if (from === id) throw usageError('TSLM_NOTHING_TO_DO', `${id} is the champion already`);
    link(folder, 'previous', from);
    link(folder, 'champion', id);
    for (const name of ['challenger', 'shadow'] as const) if (alias(name) === id) unlink(folder, name);
    event(kind, { from, to: id, why });
    return { from, to: id };
  };
  return {
    folder,
    base,
    alias,
    pathOf(id) {
      requireRevision(id);
      return id === base.id ? base.path : join(folder, REVISIONS, id);
    },
    revisions,
    revision: id => revisions().find(one => one.id === id),
    promote(id, why) {
      requireRevision(id);
      return become(id, 'promoted', why);
    },
    rollback(why) {
      const previous = alias('previous');
      if (previous === undefined) {
        throw new UserError('TSLM_NOTHING_TO_DO', `${folder}: there is no revision before the champion`, {
          hint: `tslm history ${folder} lists them; tslm promote ${folder} ID takes any`,
        });
      }
      requireRevision(previous);
      return become(previous, 'rolled back', why);
    },
    challenge(id, why) {
      const before = alias('challenger');
      if (id === undefined) {
        if (before === undefined) return;
        unlink(folder, 'challenger');
        event('challenge ended', { challenger: before, why });
        return;
      }
      requireRevision(id);
      link(folder, 'challenger', id);
      if (alias('shadow') === id) unlink(folder, 'shadow');
      event('challenged', { challenger: id, why });
    },
    shadow(id, why) {
      const before = alias('shadow');
      if (id === undefined) {
        if (before === undefined) return;
        unlink(folder, 'shadow');
        event('shadow ended', { shadow: before, why });
        return;
      }
      requireRevision(id);
      link(folder, 'shadow', id);
      event('shadowed', { shadow: id, why });
    },
  };
}

/** The folder that a revision is written to. */
export const revisionFolder = (folder: string, id: string): string => join(folder, REVISIONS, id);

/** Those of the folder. */
export const revisionsFolder = (folder: string): string => join(folder, REVISIONS);

interface RevisionRow {
  id: string;
  created: number;
  parent: string | null;
  state: Revision['state'];
  decision: string | null;
}

const revisionOf = ({ id, created, parent, state, decision }: RevisionRow): Revision => ({
  id,
  created,
  ...(parent !== null && { parent }),
  state,
  ...(decision !== null && { decision: JSON.parse(decision) as Record<string, unknown> }),
});

/** So that links to the model itself lead there. */
function linkBase(folder: string, id: string, place: string): void {
  makeFolder(join(folder, REVISIONS));
  try {
    symlinkSync(place, join(folder, REVISIONS, id));
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
}

/** A link that names the new one or the old one at every moment. */
function link(folder: string, name: Alias, id: string): void {
  const made = temporaryBeside(join(folder, name));
  makeFolder(folder);
  symlinkSync(join(REVISIONS, id), made);
  renameSync(made, join(folder, name));
  syncFolder(folder);
}

function unlink(folder: string, name: Alias): void {
  rmSync(join(folder, name), { force: true });
  syncFolder(folder);
}
