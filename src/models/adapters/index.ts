/** Adapters: small changes to a model that are kept apart from it. */
export { Adapter, adapterInUse, useAdapter, withAdapter } from './adapter.ts';
export { type CombineOptions, combineAdapters } from './combine.ts';
export type { AdapterConfig } from './config.ts';
export { createAdapter } from './create.ts';
export { loadAdapter, readParameters } from './load.ts';
export { mergeAdapter, mergeProblem, unmergeAdapter } from './merge.ts';
export { saveAdapter } from './save.ts';
export { type StoredParameter, storedParameters } from './stored.ts';
