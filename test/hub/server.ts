/**
 * A hub on this machine that speaks the endpoints a pull needs, and a CDN of another origin that it sends large files
 * to. Both keep a log, and fail on request: each file has a queue of faults, one for each request.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export type Fault =
  /** Answer with this status. */
  | { status: number; headers?: Record<string, string> }
  /** Send so many bytes and break the connection. */
  | { breakAfter: number }
  /** Send so many bytes and fall silent. */
  | { stallAfter: number }
  /** Send other bytes than those of the file. */
  | { corrupt: true }
  /** Send some bytes too many. */
  | { tooLong: true }
  /** Send everything, whatever part is asked for. */
  | { ignoreRange: true }
  /** Send in parts of so many bytes, with pauses. */
  | { slowly: number };

export interface Logged {
  host: 'hub' | 'cdn';
  method: string;
  path: string;
  range?: string;
  authorization?: string;
}

export interface FakeModel {
  /** Files by commit. */
  commits: Record<string, Record<string, Buffer>>;
  /** Branches and tags. */
  refs: Record<string, string>;
  /** The holder of this token may see it. */
  token?: string;
  /** Everybody may see it, but contents only with the token. */
  gated?: boolean;
}

export interface FakeHub {
  url: string;
  cdn: string;
  /** Where the links to next pages of a list lead; `url` at first. */
  pages: string;
  models: Record<string, FakeModel>;
  log: Logged[];
  /** Faults by file path, or `api`. */
  faults: Record<string, Fault[]>;
  /** Requests for contents, of one file or of all. */
  downloads(path?: string): Logged[];
  close(): Promise<void>;
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
export const gitHash = (bytes: Uint8Array): string =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

const isLarge = (path: string): boolean => /\.(safetensors|bin|h5|msgpack|onnx|gguf)$/.test(path);

/** The hash that names a file's content. */
export const hashOf = (path: string, bytes: Uint8Array): string => (isLarge(path) ? sha256(bytes) : gitHash(bytes));

export async function startHub(models: Record<string, FakeModel>): Promise<FakeHub> {
  const log: Logged[] = [];
  const faults: Record<string, Fault[]> = {};
  const sockets = [createServer(hub), createServer(cdn)];
  const [url, cdnUrl] = await Promise.all(sockets.map(listen));

  function note(host: Logged['host'], { method = '', url: path = '', headers }: IncomingMessage): void {
    log.push({ host, method, path, range: headers.range, authorization: headers.authorization });
  }

  async function hub(request: IncomingMessage, response: ServerResponse): Promise<void> {
    note('hub', request);
    const { pathname, searchParams } = new URL(request.url!, url);
    const api = pathname.match(/^\/api\/models\/([\w.-]+(?:\/[\w.-]+)?)\/(revision|tree)\/([^/]+)$/);
    const file = pathname.match(/^\/([\w.-]+(?:\/[\w.-]+)?)\/resolve\/([^/]+)\/(.+)$/);
    const [, id, ...rest] = api ?? file ?? [];
    const model = models[id];
    const given = request.headers.authorization;
    if (!model) return refuse(response, given ? 404 : 401, 'RepoNotFound');
    const isMember = given === `Bearer ${model.token}`;
    if (given === 'Bearer hf_expired') return refuse(response, 401);
    if (model.token && !model.gated && !isMember) return refuse(response, given ? 404 : 401, 'RepoNotFound');
    const [kind, name] = api ? rest : ['file', rest[0]];
    const revision = decodeURIComponent(name);
    const commit = model.refs[revision] ?? revision;
    const files = model.commits[commit];
    if (!files) return refuse(response, 404, 'RevisionNotFound');
    if (kind !== 'file') {
      const fault = faults.api?.shift();
      if (fault) return send(request, response, Buffer.from('{"sha": '), fault);
      if (kind === 'revision')
        return json(response, {
          _id: '0',
          id,
          sha: commit,
          siblings: Object.keys(files).map(path => ({ rfilename: path })),
        });
      return tree(response, files, pathname, Number(searchParams.get('cursor') ?? 0));
    }
    if (model.gated && !isMember) return refuse(response, given ? 403 : 401, 'GatedRepo');
    const path = decodeURIComponent(rest[1]);
    const content = files[path];
    if (!content) return refuse(response, 404, 'EntryNotFound');
    response.setHeader('x-repo-commit', commit);
    if (!isLarge(path)) {
      response.setHeader('etag', `"${gitHash(content)}"`);
      return send(request, response, content, faults[path]?.shift());
    }
    response.writeHead(302, {
      location: `${cdnUrl}/${id}/${commit}/${path}?signature=secret`,
      'x-linked-etag': `"${sha256(content)}"`,
      'x-linked-size': content.length,
      'content-length': 0,
    });
    response.end();
  }

  /** In two pages, the second behind a link. */
  function tree(response: ServerResponse, files: Record<string, Buffer>, path: string, cursor: number): void {
    const entries = Object.entries(files).map(([name, content]) => ({
      type: 'file',
      path: name,
      size: content.length,
      oid: isLarge(name) ? gitHash(Buffer.from('pointer')) : gitHash(content),
      ...(isLarge(name) && {
        lfs: { oid: sha256(content), size: content.length, pointerSize: 130 },
        xetHash: 'f'.repeat(64),
      }),
    }));
    const end = cursor === 0 ? Math.ceil(entries.length / 2) : entries.length;
    if (end < entries.length)
      response.setHeader('link', `<${fake.pages}${path}?recursive=true&cursor=${end}>; rel="next"`);
    json(response, [
      { type: 'directory', oid: '0'.repeat(40), size: 0, path: 'folder' },
      ...entries.slice(cursor, end),
    ]);
  }

  async function cdn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    note('cdn', request);
    const [, id, commit, path] = new URL(request.url!, url).pathname.match(/^\/(.+)\/([0-9a-f]{40})\/(.+)$/) ?? [];
    await send(request, response, models[id].commits[commit][path], faults[path]?.shift());
  }

  const fake: FakeHub = {
    url,
    cdn: cdnUrl,
    pages: url,
    models,
    log,
    faults,
    downloads: path =>
      log.filter(entry =>
        path === undefined ? isContent(entry) : isContent(entry) && entry.path.split('?')[0].endsWith(`/${path}`),
      ),
    close: async () => {
      for (const socket of sockets) {
        socket.closeAllConnections();
        await new Promise(done => socket.close(done));
      }
    },
  };
  return fake;
}

/** Not the redirects to contents. */
const isContent = ({ host, path }: Logged): boolean =>
  host === 'cdn' || (path.includes('/resolve/') && !isLarge(path.split('?')[0]));

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

function refuse(response: ServerResponse, status: number, code?: string): void {
  response.writeHead(status, { ...(code && { 'x-error-code': code }) });
  response.end();
}

async function send(request: IncomingMessage, response: ServerResponse, content: Buffer, fault?: Fault): Promise<void> {
  if (fault && 'status' in fault) {
    response.writeHead(fault.status, fault.headers);
    response.end();
    return;
  }
  const from = fault && 'ignoreRange' in fault ? 0 : Number(request.headers.range?.match(/^bytes=(\d+)-$/)?.[1] ?? 0);
  let bytes = content.subarray(from);
  if (fault && 'corrupt' in fault) bytes = Buffer.from(bytes.map(byte => byte ^ 1));
  if (fault && 'tooLong' in fault) bytes = Buffer.concat([bytes, Buffer.from('more')]);
  if (from > 0) response.setHeader('content-range', `bytes ${from}-${content.length - 1}/${content.length}`);
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length, 'accept-ranges': 'bytes' });
  if (request.method === 'HEAD') return void response.end();
  if (fault && ('breakAfter' in fault || 'stallAfter' in fault)) {
    const count = 'breakAfter' in fault ? fault.breakAfter : fault.stallAfter;
    await new Promise(done => response.write(bytes.subarray(0, count), done));
    if ('breakAfter' in fault) {
      await sleep(20); // what was written leaves before the end of the connection does
      response.destroy();
    }
    return;
  }
  const step = fault && 'slowly' in fault ? fault.slowly : bytes.length || 1;
  for (let at = 0; at < bytes.length && !response.destroyed; at += step) {
    response.write(bytes.subarray(at, at + step));
    if (step < bytes.length) await sleep(10);
  }
  response.end();
}
