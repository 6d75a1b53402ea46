import { describe, expect, it, vi } from 'vitest';
import { createLineWriter } from '../../../src/serve/http/line-writer.ts';

type Done = (error: Error | null, written: number) => void;

const errno = (code: string): Error => Object.assign(new Error(code), { code });

/** A descriptor that does what it is told to; `took` is what it has taken. */
function descriptor() {
  const calls: { text: string; done: Done }[] = [];
  let took = '';
  return {
    write: (_: number, bytes: Uint8Array, done: Done) => void calls.push({ text: Buffer.from(bytes).toString(), done }),
    accept(bytes = Number.POSITIVE_INFINITY): void {
      const { text, done } = calls.shift()!;
      took += text.slice(0, bytes);
      done(null, Math.min(bytes, text.length));
    },
    refuse: (code: string) => calls.shift()!.done(errno(code), 0),
    get waiting() {
      return calls.map(({ text }) => text);
    },
    get took() {
      return took;
    },
  };
}

describe('a writer of lines', () => {
  it('writes what comes, one write at a time, in order', async () => {
    const fd = descriptor();
    const writer = createLineWriter(2, { write: fd.write });
    for (const line of ['a\n', 'b\n', 'c\n']) writer.write(line);
    expect(fd.waiting).toEqual(['a\n']);
    fd.accept();
    fd.accept(1); // part of it
    const ended = writer.end();
    fd.accept();
    await ended;
    expect(fd.took).toBe('a\nb\nc\n');
    expect(writer.dropped).toBe(0);
  });

  it('counts what the system refuses, and tries the next', () => {
    const fd = descriptor();
    const writer = createLineWriter(2, { write: fd.write });
    writer.write('a\n');
    writer.write('b\n');
    writer.write('c\n');
    fd.refuse('EPIPE');
    fd.refuse('ENOSPC'); // b and c go together
    writer.write('d\n');
    fd.accept();
    expect([fd.took, writer.dropped]).toEqual(['d\n', 3]);
  });

  it('begins on a new line after one that was torn', () => {
    const fd = descriptor();
    const writer = createLineWriter(2, { write: fd.write });
    writer.write('abc\n');
    writer.write('d\n');
    fd.accept(2);
    fd.refuse('ENOSPC');
    fd.accept();
    expect([fd.took, writer.dropped]).toEqual(['ab\nd\n', 1]);
  });

  it('waits for a pipe that is full, and holds no more than it may', () => {
    vi.useFakeTimers();
    try {
      const fd = descriptor();
      const writer = createLineWriter(2, { write: fd.write, maxWaiting: 10, retryMs: 50 });
      writer.write('a\n');
      fd.refuse('EAGAIN');
      for (let i = 0; i < 7; i++) writer.write('bc\n');
      expect(writer.dropped).toBe(4);
      expect(fd.waiting).toEqual(fd.waiting.slice(0, 1));
      vi.advanceTimersByTime(50);
      fd.accept();
      fd.accept();
      expect(fd.took).toBe('a\nbc\nbc\nbc\n');
    } finally {
      vi.useRealTimers();
    }
  });

  it('does not wait for ever at the end', async () => {
    const writer = createLineWriter(2, { write: descriptor().write });
    writer.write('a\n');
    await writer.end(1);
  });
});
