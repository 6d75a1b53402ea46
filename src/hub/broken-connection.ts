/** Connections that fail: which failures may pass, and what a person reads when they do not. */
import { UserError } from '../support/errors.ts';
import type { Connection } from './connection-options.ts';

/** What may go well at the next try. */
export class BrokenConnection extends Error {
  /** Milliseconds that the server asks for. */
  readonly wait: number;
  constructor(message: string, { wait = 0, cause }: { wait?: number; cause?: unknown } = {}) {
    super(message, { cause });
    this.wait = wait;
  }
}

const NETWORK_ERRORS: Record<string, string> = {
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  ENETUNREACH: 'no network',
  ETIMEDOUT: 'no answer',
  UND_ERR_SOCKET: 'connection closed',
  UND_ERR_CONNECT_TIMEOUT: 'no answer',
};

/** What `fetch` throws says why in its cause. */
export function networkError(error: TypeError, { endpoint }: Connection): Error {
  const { code, message = error.message } = (error.cause ?? {}) as { code?: string; message?: string };
  if (code !== undefined && !/CERT|TLS|SSL|SIGNATURE/.test(code)) {
    return new BrokenConnection(NETWORK_ERRORS[code] ?? code, { cause: error });
  }
  return new UserError('TSLM_HUB_UNREACHABLE', `cannot talk to ${endpoint}: ${message}`, {
    hint:
      code === undefined
        ? 'check HF_ENDPOINT'
        : 'behind a proxy that signs connections itself, name its certificate in NODE_EXTRA_CA_CERTS',
    cause: error,
  });
}

/** @param tries how often it was tried in vain */
export function givingUp(error: BrokenConnection, tries: number, { endpoint, isProxied }: Connection): UserError {
  const { cause } = error;
  if (cause === 429) {
    return new UserError('TSLM_HUB_BUSY', `${endpoint}: too many requests (429)`, {
      hint: 'wait some minutes and run the same command again; it goes on where it stopped',
      cause: error,
    });
  }
  if (typeof cause === 'number') {
    return new UserError('TSLM_HUB_UNAVAILABLE', `${endpoint}: ${error.message}, ${tries} times`, {
      hint: 'run the same command again later; it goes on where it stopped',
      cause: error,
    });
  }
  return new UserError('TSLM_HUB_UNREACHABLE', `cannot reach ${endpoint}: ${error.message}`, {
    hint: isProxied
      ? 'Node.js uses the proxy of your environment only with NODE_USE_ENV_PROXY=1, and from version 22.21 or 24 on'
      : 'check the network, or HF_ENDPOINT; the same command goes on where it stopped',
    cause: error,
  });
}
