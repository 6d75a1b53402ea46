/** Adapters: small changes to a model that are kept apart from it. */
export { Adapter, mergeAdapter, unmergeAdapter, withAdapter } from './adapter.ts';
export type { AdapterConfig } from './config.ts';
export { createAdapter } from './create.ts';
export { loadAdapter } from './load.ts';
export { saveAdapter } from './save.ts';
