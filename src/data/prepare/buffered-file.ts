/** Buffered writing of one file. */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { writeFully } from '../../support/files.ts';

const BUFFER_BYTES = 1 << 20;

/** A new file that is written from first to last through one buffer, and hashed on the way. */
export class BufferedFile {
  private readonly fd: number;
  private readonly buffer = new Uint8Array(BUFFER_BYTES);
  private used = 0;
  private readonly hash: Hash = createHash('sha256');

  constructor(path: string) {
    this.fd = openSync(path, 'wx');
  }

  /** Copies `bytes`, which may change afterwards. */
  write(bytes: Uint8Array): void {
    if (this.used + bytes.length > BUFFER_BYTES) this.flush();
    if (bytes.length > BUFFER_BYTES) {
      this.emit(bytes);
    } else {
      this.buffer.set(bytes, this.used);
      this.used += bytes.length;
    }
  }

  /** Hands what is held back to the system, for other readers to see. */
  flush(): void {
    this.emit(this.buffer.subarray(0, this.used));
    this.used = 0;
  }

  private emit(bytes: Uint8Array): void {
    this.hash.update(bytes);
    writeFully(this.fd, bytes);
  }

  /** Puts everything on the disk and closes the file; gives the SHA-256 of what was written. */
  finish(): string {
    this.flush();
    fsyncSync(this.fd);
    this.close();
    return this.hash.digest('hex');
  }

  close(): void {
    closeSync(this.fd);
  }
}
