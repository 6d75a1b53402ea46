/** What the hub's HTTP statuses mean to a person. The hub says more in `X-Error-Code`. */
import { UserError } from '../support/errors.ts';
import type { Connection } from './connection-options.ts';

/** Statuses that may be another at the next try. */
export const isTransient = (status: number): boolean => [408, 429, 500, 502, 503, 504].includes(status);

type Asker = Pick<Connection, 'id' | 'revision' | 'endpoint' | 'token'>;

/** @param file the file that was asked for; undefined for questions about the model */
export function statusError(response: Response, asker: Asker, file?: string): UserError {
  const { status } = response;
  const code = response.headers.get('x-error-code');
  if (code === 'GatedRepo') return gated(asker);
  if (code === 'RevisionNotFound') return noRevision(asker);
  if (status === 401 && asker.token) return badToken(asker);
  if (status === 401 || code === 'RepoNotFound') return noModel(asker);
  if (status === 403) return forbidden(asker, file);
  if (status === 404 && file === undefined) return noModel(asker);
  const address = new URL(response.url);
  const what = file === undefined ? '' : ` for ${file}`;
  return new UserError('TSLM_HUB_REFUSES', `${asker.id}: ${address.host} answers ${status}${what}`, {
    hint: 'run the command again; when it stays so, the hub or a proxy before it is at fault',
  });
}

const gated = ({ id, endpoint, token }: Asker): UserError =>
  new UserError('TSLM_GATED', `${id} is gated: its owners ask you to accept a licence first`, {
    hint: token
      ? `accept it at ${endpoint}/${id} with the account of your token (${token.source})`
      : `accept it at ${endpoint}/${id}, then set HF_TOKEN to a token of your account`,
  });

const noRevision = ({ id, revision }: Asker): UserError =>
  new UserError('TSLM_NO_REVISION', `${id} has no revision '${revision}'`, {
    hint: 'give a branch, a tag or a whole commit hash',
  });

const badToken = ({ endpoint, token }: Asker): UserError =>
  new UserError('TSLM_TOKEN_REFUSED', `${endpoint} does not accept the token of ${token!.source}`, {
    hint: 'make a new one in your settings there and set HF_TOKEN, or remove it: public models need none',
  });

const noModel = ({ id, endpoint, token }: Asker): UserError =>
  new UserError('TSLM_NO_SUCH_MODEL', `${endpoint} has no model '${id}', or it is private`, {
    hint: token
      ? `check the name, and that the account of your token (${token.source}) may see it`
      : 'check the name; for a private or gated model set HF_TOKEN',
  });

const forbidden = ({ id, endpoint, token }: Asker, file?: string): UserError =>
  new UserError('TSLM_FORBIDDEN', `${id}: you may not read ${file ?? 'this model'}`, {
    hint: token
      ? `accept its licence at ${endpoint}/${id}, and let the token of ${token.source} read gated models`
      : `accept its licence at ${endpoint}/${id}, then set HF_TOKEN to a token of your account`,
  });
