/** Where the hub is and who is asking: the environment variables of Hugging Face's own tools. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { explainFileError, isErrno, usageError } from '../support/errors.ts';
import { type Environment, hubHome } from './cache.ts';

export interface HubToken {
  value: string;
  /** Where it was found, for messages. */
  source: string;
}

const isTrue = (value: string | undefined): boolean => /^(1|on|yes|true)$/i.test(value ?? '');

/** `HF_HUB_OFFLINE`: nothing is asked of the network. */
export const isOffline = (env: Environment): boolean => isTrue(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE);

/** `HF_ENDPOINT` without a slash at its end; the hub's own address by default. */
export async function hubEndpoint(env: Environment): Promise<string> {
  const endpoint = (env.HF_ENDPOINT || (await import('@huggingface/hub')).HUB_URL).replace(/\/+$/, '');
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const isPlain = url && /^https?:$/.test(url.protocol) && url.username === '' && url.search === '' && url.hash === '';
  if (isPlain) return endpoint;
  throw usageError(
    'TSLM_BAD_ENDPOINT',
    'HF_ENDPOINT is not an address of a hub',
    'it begins with http:// or https:// and has neither a user name nor a question mark in it',
  );
}

/** `HF_TOKEN`, or the file that a login of Hugging Face's tools leaves. */
export function hubToken(env: Environment): HubToken | undefined {
  const given = (env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN)?.trim();
  if (given) return checked(given, env.HF_TOKEN ? 'HF_TOKEN' : 'HUGGING_FACE_HUB_TOKEN');
  if (isTrue(env.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return undefined;
  const path = env.HF_TOKEN_PATH || join(hubHome(env), 'token');
  try {
    const stored = readFileSync(path, 'utf8').trim();
    return stored === '' ? undefined : checked(stored, path);
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return undefined;
    throw explainFileError(error, path);
  }
}

/** What cannot be sent in a header would be quoted by the error of the one who tries. */
function checked(value: string, source: string): HubToken {
  if (/^[\x21-\x7e]+$/.test(value)) return { value, source };
  throw usageError('TSLM_BAD_TOKEN', `${source}: the token has characters that no token has`, 'copy it again');
}

/** `HF_HUB_DOWNLOAD_TIMEOUT` in milliseconds: how long a connection may say nothing. Default 30 seconds. */
export function hubTimeout(env: Environment): number {
  const seconds = Number(env.HF_HUB_DOWNLOAD_TIMEOUT || 30);
  if (seconds > 0 && Number.isFinite(seconds)) return seconds * 1000;
  throw usageError('TSLM_BAD_TIMEOUT', 'HF_HUB_DOWNLOAD_TIMEOUT is not a number of seconds', 'for example 30');
}
