/** What a model on the hub consists of at a revision: its commit, its files, their sizes and hashes. */
import { z } from 'zod';
import { UserError } from '../support/errors.ts';
import { apiFetch } from './connection.ts';
import type { Connection } from './connection-options.ts';
import { requireInnerPath } from './model-id.ts';

export interface RemoteFile {
  path: string;
  size: number;
  /** Hexadecimal; names the content in the cache as well. */
  hash: string;
  /** SHA-256 of the content for large files (LFS), git's blob hash for those that git holds itself. */
  algorithm: 'sha256' | 'git';
}

export interface Repository {
  commit: string;
  files: RemoteFile[];
}

// Hashes become file names, so they are checked as strictly as paths.
const commitSchema = z.string().regex(/^[0-9a-f]{40}$/);
const size = z.number().int().nonnegative();
const entrySchema = z.object({
  type: z.string(),
  path: z.string(),
  size,
  oid: z.string().regex(/^[0-9a-f]{40}$/),
  lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size }).optional(),
});

/** @throws UserError when the hub refuses, cannot be reached, or lists names that leave the folder */
export async function readRepository(connection: Connection): Promise<Repository> {
  const { listFiles, modelInfo } = await import('@huggingface/hub'); // here, since it takes a moment to load
  const { id, revision, endpoint } = connection;
  const common = { hubUrl: endpoint, fetch: apiFetch(connection) };
  try {
    const { sha } = await modelInfo({ ...common, name: id, revision, additionalFields: ['sha'] });
    const commit = commitSchema.parse(sha);
    const files: RemoteFile[] = [];
    // The commit, not the branch: all of one pull is of one state.
    for await (const entry of listFiles({
      ...common,
      repo: { type: 'model', name: id },
      revision: commit,
      recursive: true,
    })) {
      const file = remoteFile(entrySchema.parse(entry), id);
      if (file) files.push(file);
    }
    return { commit, files };
  } catch (error) {
    const isNonsense = error instanceof SyntaxError || error instanceof TypeError || error instanceof z.ZodError;
    if (!isNonsense) throw error;
    throw new UserError('TSLM_NO_HUB', `${endpoint} does not answer as a hub does`, {
      hint: 'check HF_ENDPOINT, and that no login page of a network stands before it',
      cause: error,
    });
  }
}

function remoteFile({ type, path, size, oid, lfs }: z.infer<typeof entrySchema>, id: string): RemoteFile | undefined {
  requireInnerPath(path, id);
  if (type !== 'file') return undefined;
  if (lfs) return { path, size: lfs.size, hash: lfs.oid, algorithm: 'sha256' };
  return { path, size, hash: oid, algorithm: 'git' };
}

/** Where the content of a file is, or a redirect to it. */
export const fileAddress = ({ endpoint, id }: Connection, commit: string, path: string): string =>
  `${endpoint}/${id}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
