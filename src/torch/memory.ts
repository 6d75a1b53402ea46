/** Native memory: what is live, the peak, and what is kept for reuse. */
import { type MemoryStats, native } from './native.ts';
import type { Device } from './tensor.ts';

export type { MemoryStats };

/**
 * Bytes of tensors that are alive, and the most since `resetPeakMemory`.
 *
 * @param device default `cpu`; of a GPU bytes are 0 where libtorch is older than 2.9
 */
export const memoryStats = (device: Device = 'cpu'): MemoryStats => native().memory(device);
/**
 * Starts the measurement of peak memory anew.
 *
 * @param device default `cpu`
 */
export const resetPeakMemory = (device: Device = 'cpu'): void => native().resetPeakMemory(device);

/** Gives blocks that are kept for reuse back to the system. */
export const emptyCache = (): void => native().emptyCache();
