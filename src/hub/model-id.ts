/**
 * Names on the hub: of a model (`ORG/NAME`, or `NAME` for a few old ones), of a revision, of a file. All of them become
 * parts of paths on this machine, and file names come from a server, so what could leave a folder is refused.
 */
import { UserError, usageError } from '../support/errors.ts';

const PART = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$/;

/** Whether this can be the name of a model on the hub: Hugging Face's rules. */
export function isModelId(name: string): boolean {
  const parts = name.split('/');
  return (
    name.length <= 96 &&
    parts.length <= 2 &&
    parts.every(part => PART.test(part)) &&
    !/--|\.\./.test(name) &&
    !name.endsWith('.git')
  );
}

/** @throws UserError for what is no model's name */
export function requireModelId(name: string): void {
  if (isModelId(name)) return;
  const [, id] = name.match(/^https?:\/\/[^/]+\/([\w.-]+\/[\w.-]+)/) ?? [];
  throw usageError(
    'TSLM_BAD_MODEL_NAME',
    `'${name}' is not the name of a model on the hub`,
    id !== undefined && isModelId(id)
      ? `give its name alone: ${id}`
      : 'names look like ORG/NAME: letters, digits, - _ and . only',
  );
}

export const isCommit = (text: string): boolean => /^[0-9a-f]{40}$/.test(text);

/** A branch, a tag, `refs/pr/1` or a commit. @throws UserError for what git would not take as a name */
export function requireRevision(revision: string): void {
  const isName = (part: string): boolean => /^[^\x00-\x20\x7f\\~^:?*[]+$/.test(part) && !/^\.|\.lock$/.test(part);
  if (!revision.includes('..') && revision.split('/').every(isName)) return;
  throw usageError(
    'TSLM_BAD_REVISION',
    `'${revision}' cannot be the name of a revision`,
    'give a branch, a tag or a commit',
  );
}

/** @throws UserError for a file name that could leave the folder it is put into, here or on another system */
export function requireInnerPath(path: string, id: string): void {
  const isInner = (part: string): boolean =>
    part !== '' && part !== '.' && part !== '..' && !/[\x00-\x1f\x7f\\]|^[A-Za-z]:/.test(part);
  if (path.split('/').every(isInner)) return;
  throw new UserError('TSLM_UNSAFE_FILE_NAME', `${id}: the hub lists a file named ${JSON.stringify(path)}: refused`, {
    hint: 'such a name could write outside of its folder; nothing was downloaded',
  });
}
