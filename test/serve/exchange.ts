/** One HTTP exchange on a connection of its own, which the client may break off at any point. */
import { request } from 'node:http';

export interface Exchange {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
  /**
   * Where the client goes away: within the body, after it, once the answer begins, or after so many pieces of the
   * answer. `stall`: it stops within the body and goes only after so many milliseconds.
   */
  leaves?: 'body' | 'sent' | 'answered' | { pieces: number } | { stall: number };
  /** Send a body of this size without end in sight, until an answer comes; `isDeclared` in a header. */
  flood?: { bytes: number; isDeclared: boolean };
}

/** What came back; undefined where the client went away before the end. */
export interface Answer {
  status: number;
  type: string;
  text: string;
}

/** @throws Error when the connection breaks and it was not the client who broke it */
export function exchange(baseUrl: string, options: Exchange): Promise<Answer | undefined> {
  const { method = 'POST', path, headers, body, leaves, flood } = options;
  return new Promise((resolve, reject) => {
    let hasLeft = false;
    let hasAnswer = false;
    const sent = request(new URL(path, baseUrl), { method, headers: { ...headers }, agent: false });
    const leave = (): void => {
      hasLeft = true;
      sent.destroy();
      resolve(undefined);
    };
    sent.on('error', error => {
      if (!hasLeft && !hasAnswer) reject(error);
    });
    sent.on('response', response => {
      hasAnswer = true;
      if (leaves === 'answered') return leave();
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => {
        pieces.push(piece);
        if (typeof leaves === 'object' && 'pieces' in leaves && pieces.length >= leaves.pieces) leave();
      });
      response.on('error', error => {
        if (!hasLeft) reject(error);
      });
      response.on('end', () => {
        const type = response.headers['content-type'] ?? '';
        resolve({ status: response.statusCode!, type, text: Buffer.concat(pieces).toString('utf8') });
        sent.destroy();
      });
    });
    if (flood) {
      if (flood.isDeclared) sent.setHeader('content-length', flood.bytes);
      const piece = Buffer.alloc(65_536, ' ');
      let left = flood.bytes;
      const pour = (): void => {
        while (left > 0 && !hasAnswer && !sent.destroyed) {
          left -= piece.length;
          if (!sent.write(left < 0 ? piece.subarray(0, piece.length + left) : piece))
            return void sent.once('drain', pour);
        }
        if (left <= 0) sent.end();
      };
      pour();
    } else if (leaves === 'body' || (typeof leaves === 'object' && 'stall' in leaves)) {
      sent.setHeader('content-length', Buffer.byteLength(body!));
      sent.write(body!.slice(0, body!.length / 2), () => {
        if (leaves === 'body') leave();
        else setTimeout(() => !hasAnswer && leave(), leaves.stall);
      });
    } else {
      sent.end(body, () => {
        if (leaves === 'sent') leave();
      });
    }
  });
}
