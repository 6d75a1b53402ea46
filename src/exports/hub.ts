/// <reference lib="esnext.disposable" preserve="true" />
/// <reference types="node" preserve="true" />
/** `tslm/hub`: models from the Hugging Face hub, and the cache they lie in. */

export type { Environment } from '../hub/cache.ts';
export type { PullProgress } from '../hub/fetch-files.ts';
export type { PulledFile, PullOptions, PullResult } from '../hub/pull.ts';
export { pull } from '../hub/pull.ts';
export { resolveModelPath } from '../hub/resolve-model-path.ts';
export type { Selection } from '../hub/select.ts';
