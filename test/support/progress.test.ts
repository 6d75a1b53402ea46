import { afterEach, describe, expect, it, vi } from 'vitest';
import { createProgress } from '../../src/support/progress.ts';

function terminal(isTTY: boolean, columns = 80): { stream: NodeJS.WriteStream; lines: string[] } {
  const lines: string[] = [];
  const stream = { isTTY, columns, write: (text: string) => lines.push(text.replace('\r\x1b[K', '')) };
  return { stream: stream as unknown as NodeJS.WriteStream, lines };
}

describe('createProgress', () => {
  afterEach(() => vi.useRealTimers());

  it('is silent where nobody watches', () => {
    const { stream, lines } = terminal(false);
    const progress = createProgress('reading', { total: 10, stream });
    progress.update(10);
    progress.end();
    expect(lines).toEqual([]);
  });

  it('shows what, how far, the rate and the time left', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { stream, lines } = terminal(true);
    const progress = createProgress('reading', { total: 1000, unit: 'B', stream });
    vi.advanceTimersByTime(1000);
    progress.update(250, 'note');
    expect(lines).toEqual(['reading   25%  250B/s  3.0s left  note']);
    vi.advanceTimersByTime(50);
    progress.update(300); // too soon to be drawn
    vi.advanceTimersByTime(10);
    progress.update(1000); // the end is always drawn
    expect(lines.length).toBe(2);
    expect(lines[1]).toContain('100%');
    progress.end();
    expect(lines[2]).toBe('');
  });

  it('leaves what was done before out of the rate', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { stream, lines } = terminal(true);
    const progress = createProgress('reading', { total: 1000, initial: 500, unit: 'B', stream });
    vi.advanceTimersByTime(1000);
    progress.update(750);
    expect(lines).toEqual(['reading   75%  250B/s  1.0s left']);
  });

  it('counts where there is no total, and fits the window', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { stream, lines } = terminal(true, 20);
    const progress = createProgress('reading', { unit: ' words', stream });
    vi.advanceTimersByTime(2000);
    progress.update(5000, 'a long note');
    expect(lines).toEqual(['reading  5.0k words']);
  });
});
