import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { trainingView } from '../../src/cli/views/training-view.ts';
import { createProgress } from '../../src/support/progress.ts';
import { scratchFolder } from './scratch.ts';

const scratch = scratchFolder();

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

describe('the file of TSLM_PROGRESS', () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllEnvs();
  });
  const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

  it('has the latest report, where nobody watches a terminal', () => {
    vi.useFakeTimers({ toFake: ['performance'], now: 0 });
    vi.advanceTimersByTime(100_000);
    const path = join(scratch, 'progress.json');
    vi.stubEnv('TSLM_PROGRESS', path);
    const progress = createProgress('reading', { total: 1000, unit: ' tokens', stream: terminal(false).stream });
    vi.advanceTimersByTime(1000);
    progress.update(250, 'note');
    const report = { label: 'reading', done: 250, total: 1000, unit: 'tokens', secondsLeft: 3, note: 'note' };
    expect(read(path)).toEqual(report);
    progress.update(300); // too soon
    expect(read(path)).toEqual(report);
    progress.update(1000);
    expect(read(path)).toMatchObject({ done: 1000, secondsLeft: 0 });
    expect(existsSync(`${path}.tmp`)).toBe(false);
  });

  it('tells of a training, by steps or by its time, with --json as well', () => {
    vi.useFakeTimers({ toFake: ['performance'], now: 0 });
    vi.advanceTimersByTime(200_000);
    const path = join(scratch, 'training.json');
    vi.stubEnv('TSLM_PROGRESS', path);
    const { stream, lines } = terminal(false);
    const info = { steps: 100, startStep: 0, parameters: 1, dtype: 'float32', tokensPerStep: 1 };
    const metrics = { loss: 2.5, tokens: 8, terms: {} };
    const bySteps = trainingView({ json: true, stream });
    bySteps.onStart!(info as never);
    vi.advanceTimersByTime(1000);
    bySteps.onStep!({ ...metrics, step: 25 } as never);
    expect(read(path)).toEqual({
      label: 'training',
      done: 25,
      total: 100,
      unit: 'steps',
      secondsLeft: 3,
      note: 'loss 2.500',
    });
    expect(lines).toEqual([]);
    const byTime = trainingView({ stream });
    byTime.onStart!({ ...info, secondsLeft: 60 } as never);
    vi.advanceTimersByTime(15_000);
    byTime.onStep!({ ...metrics, step: 7 } as never);
    expect(read(path)).toMatchObject({ done: 15, total: 60, unit: 's', secondsLeft: 45 });
  });

  it('is no reason to fail', () => {
    vi.stubEnv('TSLM_PROGRESS', join(scratch, 'missing', 'progress.json'));
    const progress = createProgress('reading', { total: 1, stream: terminal(false).stream });
    expect(() => progress.update(1)).not.toThrow();
  });
});
