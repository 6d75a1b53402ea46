/** Native memory: what is live, the peak, and what is kept for reuse. */
import { type MemoryStats, native } from './native.ts';

export type { MemoryStats };

export const memoryStats = (): MemoryStats => native().memory();
export const resetPeakMemory = (): void => native().resetPeakMemory();

/** Gives blocks that are kept for reuse back to the system. */
export const emptyCache = (): void => native().emptyCache();
