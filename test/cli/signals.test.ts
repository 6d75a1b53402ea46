import { afterEach, expect, it, vi } from 'vitest';
import { withSignals } from '../../src/cli/signals.ts';

afterEach(() => {
  process.exitCode = undefined;
  vi.restoreAllMocks();
});

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s aborts, and the next one is left to the system, which ends the process', async (name, code) => {
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const listening = () => names.map(one => process.listenerCount(one));
  const before = listening();
  await withSignals('saving', async signal => {
    expect(listening()).toEqual(before.map(count => count + 1));
    process.emit(name, name);
    expect(signal.aborted).toBe(true);
    expect(listening()).toEqual(before);
  });
  expect(process.exitCode).toBe(code);
  expect(written).toHaveBeenCalledWith('\nsaving\n');
});

it('listens no longer when the work is done', async () => {
  const before = process.listenerCount('SIGTERM');
  expect(await withSignals('saving', async () => 'done')).toBe('done');
  expect(process.listenerCount('SIGTERM')).toBe(before);
  expect(process.exitCode).toBeUndefined();
});
