import { afterEach, describe, expect, it, vi } from 'vitest';
import { findTorchPython, startPeer } from '../../src/bench/python-peer.ts';

const hasTorch = findTorchPython() !== undefined;
const job = {
  layers: 1,
  hidden: 8,
  heads: 2,
  vocab: 16,
  batch: 1,
  seq: 4,
  dtype: 'float32',
  device: 'cpu',
  threads: 1,
};

afterEach(() => vi.unstubAllEnvs());

it('takes the Python that TSLM_PYTHON names and no other', () => {
  vi.stubEnv('TSLM_PYTHON', '/bin/false');
  expect(findTorchPython()).toBeUndefined();
});

describe.runIf(hasTorch)('a peer', () => {
  it('stays alive between steps', async () => {
    using peer = await startPeer('bench_prefill', job);
    expect(peer).toMatchObject({ torch: expect.stringMatching(/^\d+\.\d+/), threads: 1 });
    for (let i = 0; i < 2; i++) {
      expect(await peer.step()).toEqual({ seconds: expect.any(Number), peakMemoryBytes: expect.any(Number) });
    }
  });

  it('that does not start says why', async () => {
    await expect(startPeer('bench_train', { device: 'cpu' })).rejects.toThrow(/the peer failed: KeyError: 'seq'/);
  });

  it('that fails in a step says why', async () => {
    using peer = await startPeer('bench_prefill', { ...job, heads: 3 });
    await expect(peer.step()).rejects.toThrow(/the peer failed: RuntimeError: shape/);
  });
});
