/** Who may ask: the right host, the right page, the right key. */
import type { Context, MiddlewareHandler } from 'hono';
import { cors as honoCors } from 'hono/cors';
import { RequestError } from '../../engine/request-error.ts';
import type { Keys } from './keys/key-file.ts';
import type { Env } from './work.ts';

const hostOf = (header: string): string => header.replace(/:\d+$/, '').toLowerCase();

const isOwnOrigin = (origin: string | undefined, host: string): boolean =>
  origin === undefined || origin.replace(/^https?:\/\//, '') === host;

/** Names of this machine that a browser only has for it. */
export const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]'];

/** A page of another name that resolves to this machine (DNS rebinding) sends that name. */
export const hostGuard =
  (hosts: readonly string[]): MiddlewareHandler<Env> =>
  async (c, next) => {
    const host = hostOf(c.req.header('host') ?? new URL(c.req.url).host);
    if (hosts.includes(host)) return next();
    throw new RequestError('TSLM_FORBIDDEN', `the server does not answer to the name '${host}'`, {
      hint: 'start it with --allow-host for that name',
    });
  };

/** Browsers send `Origin` with what pages ask: pages of others are refused unless allowed. */
export const originGuard =
  (allowed: readonly string[]): MiddlewareHandler<Env> =>
  async (c, next) => {
    const origin = c.req.header('origin');
    const host = c.req.header('host') ?? new URL(c.req.url).host;
    if (isOwnOrigin(origin, host) || allowed.includes('*') || allowed.includes(origin!)) return next();
    throw new RequestError('TSLM_FORBIDDEN', `pages of ${origin} may not ask this server`, {
      hint: `start it with --cors ${origin}`,
    });
  };

/** Clients send headers of their own, as OpenAI's does: a page that may ask may send any that its browser asks for. */
export const cors = (origins: readonly string[]): MiddlewareHandler =>
  honoCors({
    origin: origins.includes('*') ? '*' : [...origins],
    allowMethods: ['GET', 'POST', 'DELETE'],
    exposeHeaders: ['x-request-id', 'retry-after'],
    maxAge: 600,
  });

export const keyGuard =
  (keys: Keys): MiddlewareHandler<Env> =>
  async (c, next) => {
    const given = /^Bearer\s+(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
    const holder = given === undefined ? undefined : keys.find(given);
    if (!holder) {
      const message = given === undefined ? 'no API key was given' : 'the API key is not known';
      throw new RequestError('TSLM_INVALID_API_KEY', message, { hint: 'send Authorization: Bearer KEY' });
    }
    c.get('work').holder = holder;
    return next();
  };

/** Models may be loaded by who has an admin's key; without keys by programs of this machine. */
export function requireAdmin(c: Context<Env>, hasKeys: boolean): void {
  if (hasKeys) {
    if (c.get('work').holder?.admin) return;
    throw new RequestError('TSLM_FORBIDDEN', 'this key may not load or unload models', {
      hint: 'make one with `tslm keys add --admin`',
    });
  }
  if (isLocal(c)) return;
  throw new RequestError('TSLM_FORBIDDEN', 'models are loaded from this machine, or with an admin key', {
    hint: 'start the server with --keys',
  });
}

/**
 * Processes are started by who sits at this machine, and where there are keys has an admin's: no key opens that to others, no other
 * page may do it whatever `--cors` says, and no other name of this machine (DNS rebinding).
 */
export function requireLocal(c: Context<Env>, hasKeys: boolean): void {
  const host = c.req.header('host') ?? new URL(c.req.url).host;
  const isOwnPage =
    LOOPBACK_HOSTS.includes(hostOf(host)) &&
    isOwnOrigin(c.req.header('origin'), host) &&
    ['same-origin', 'none'].includes(c.req.header('sec-fetch-site') ?? 'none');
  if (!isLocal(c) || !isOwnPage) {
    throw new RequestError('TSLM_NOT_LOCAL', "jobs are started on the server's own machine alone", {
      hint: "open the page there, as http://127.0.0.1 with the server's port",
    });
  }
  if (hasKeys && !c.get('work').holder?.admin) {
    throw new RequestError('TSLM_FORBIDDEN', 'this key may not start jobs', {
      hint: 'make one with `tslm keys add --admin`',
    });
  }
}

/** From this machine, as far as the socket tells; a proxy brings others. Without a socket it is a call within the process. */
function isLocal(c: Context<Env>): boolean {
  const address = c.env?.incoming?.socket.remoteAddress;
  const isProxied = c.req.header('x-forwarded-for') !== undefined || c.req.header('forwarded') !== undefined;
  return !isProxied && (address === undefined || /^(127\.|::1$|::ffff:127\.)/.test(address));
}
