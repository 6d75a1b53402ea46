/** The studio's page as it was built: a few files that are read once, and headers that forbid it to load anything else. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { globSync } from 'tinyglobby';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Only what was found in the folder is ever served, so no address leads elsewhere. */
export function assetRoutes(folder: string): Hono {
  const app = new Hono();
  const names = existsSync(folder) ? globSync('**/*', { cwd: folder }) : [];
  if (!names.includes('index.html')) {
    app.get('/', c => c.text('The studio is not built.\n→ run `npm run build:studio` in the folder of tslm\n', 503));
    return app;
  }
  for (const name of names) {
    const plain = readFileSync(join(folder, name));
    const zipped = gzipSync(plain, { level: 9 });
    const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 16)}"`;
    // Names under assets/ have a hash of their content.
    const caching = name.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
    app.get(name === 'index.html' ? '/' : `/${name}`, c => {
      const headers: Record<string, string> = {
        'content-security-policy': POLICY,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': caching,
        vary: 'accept-encoding',
        etag,
      };
      if (c.req.header('if-none-match') === etag) return c.body(null, 304, headers);
      headers['content-type'] = TYPES[extname(name)] ?? 'application/octet-stream';
      const takesGzip = /\bgzip\b/.test(c.req.header('accept-encoding') ?? '');
      if (takesGzip) headers['content-encoding'] = 'gzip';
      return c.body(new Uint8Array(takesGzip ? zipped : plain), 200, headers);
    });
  }
  return app;
}
