/** The server on a socket, and its graceful end: streams are finished, new requests are sent away. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { RequestError } from '../../engine/request-error.ts';
import { UserError } from '../../support/errors.ts';
import { answerOf } from './errors.ts';
import type { Env } from './work.ts';

export interface ListenOptions {
  /** Default 8080; 0: any that is free. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Told when the system refuses a connection, for want of file descriptors for example; the others go on. */
  onError?: (error: Error) => void;
}

export interface Listening {
  /** `http://127.0.0.1:8080` */
  url: string;
  /** Finishes requests in progress, for at most this many milliseconds (default 30 seconds); then aborts them. */
  close(graceMs?: number): Promise<void>;
}

/** @throws UserError when the port is taken */
export async function listen(
  app: Hono<Env>,
  { port = 8080, host = '127.0.0.1', onError = () => {} }: ListenOptions = {},
): Promise<Listening> {
  let isClosing = false;
  const server = createAdaptorServer({
    fetch: (request, env) => (isClosing ? refuse() : app.fetch(request, env)),
    overrideGlobalObjects: false,
  }) as Server;
  server.headersTimeout = 20_000;
  server.requestTimeout = 60_000; // for the request to arrive, not for its answer
  server.keepAliveTimeout = 30_000;
  await new Promise<void>((resolve, reject) => {
    server.on('error', error => {
      if (server.listening) onError(error);
      else reject(explain(error, port, host));
    });
    server.listen(port, host, resolve);
  });
  const { port: taken, address, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`,
    async close(graceMs = 30_000) {
      if (isClosing) return;
      isClosing = true;
      // A connection that has answered is kept open by its client: closed as soon as it is idle.
      const sweep = setInterval(() => server.closeIdleConnections(), 50);
      const deadline = setTimeout(() => server.closeAllConnections(), graceMs);
      await new Promise<void>(resolve => server.close(() => resolve()));
      clearInterval(sweep);
      clearTimeout(deadline);
    },
  };
}

function refuse(): Response {
  const { status, body, headers } = answerOf(new RequestError('TSLM_SHUTTING_DOWN', 'the server is shutting down'));
  return Response.json(body, { status, headers: { ...headers, connection: 'close' } });
}

function explain(error: Error, port: number, host: string): Error {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    return new UserError('TSLM_PORT_TAKEN', `port ${port} of ${host} is taken`, {
      hint: 'choose another one with --port',
    });
  }
  if (code === 'EACCES') {
    return new UserError('TSLM_PORT_DENIED', `port ${port}: permission denied`, { hint: 'choose one above 1023' });
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new UserError('TSLM_BAD_HOST', `this machine has no address ${host}`, {
      hint: 'for example --host 0.0.0.0',
    });
  }
  return error;
}
