/** Native memory: what is live, the peak, and what is kept for reuse. */
import { type MemoryStats, native } from './native.ts';

export type { MemoryStats };

/** Bytes of tensors that are alive, and the most since `resetPeakMemory`. */
export const memoryStats = (): MemoryStats => native().memory();
/** Starts the measurement of peak memory anew. */
export const resetPeakMemory = (): void => native().resetPeakMemory();

/** Gives blocks that are kept for reuse back to the system. */
export const emptyCache = (): void => native().emptyCache();
