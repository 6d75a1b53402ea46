import { expect, it } from 'vitest';
import type { Peer } from '../../src/bench/python-peer.ts';
import { median, peerFigures, sideBySide } from '../../src/bench/side-by-side.ts';

/** A peer whose steps take the seconds that are given. */
function peerOf(seconds: number[], log: string[]): Peer {
  const left = [...seconds];
  return {
    torch: '2.0',
    threads: 2,
    step: () => {
      log.push('peer');
      return Promise.resolve({ seconds: left.shift()!, peakMemoryBytes: 100 - left.length });
    },
    [Symbol.dispose]: () => {},
  };
}

it('takes turns, and leaves the first of each out', async () => {
  const log: string[] = [];
  const ours = [100, 3, 1, 2];
  const step = (): number => {
    log.push('ours');
    return ours.shift()!;
  };
  const timing = await sideBySide(step, { steps: 3, peer: peerOf([100, 4, 8, 6], log) });
  expect(log).toEqual(['ours', 'peer', 'ours', 'peer', 'ours', 'peer', 'ours', 'peer']);
  expect(timing).toMatchObject({ seconds: 2, peer: { torch: '2.0', threads: 2, seconds: 6, peakMemoryBytes: 100 } });
  expect(peerFigures(timing, 12)).toMatchObject({ tokensPerSecond: 2, ratio: 3 });
});

it('needs no peer', async () => {
  const timing = await sideBySide(() => 1, { steps: 1 });
  expect(timing.peer).toBeUndefined();
  expect(peerFigures(timing, 1)).toBeUndefined();
});

it('takes the middle', () => {
  expect([[5], [3, 1, 2], [4, 1, 3, 2]].map(median)).toEqual([5, 2, 2.5]);
});
