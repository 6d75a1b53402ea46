/** What a MODEL argument means: a folder, or the name of a model on the hub that was pulled before. */
import { existsSync } from 'node:fs';
import { cachedSnapshot, type Environment, hubCache, modelCache } from './cache.ts';
import { isModelId } from './model-id.ts';

/**
 * The folder of `name`: `name` itself when something of that name is here, otherwise the snapshot of the model `ORG/NAME`
 * in the cache, otherwise `name` unchanged, for whoever opens it to refuse. Asks nothing of the network.
 *
 * @param options.revision a branch, a tag or a commit; default `main`
 * @param options.env where HF_HOME and HF_HUB_CACHE are looked up; default `process.env`
 */
export function resolveModelPath(
  name: string,
  { revision = 'main', env = process.env }: { revision?: string; env?: Environment } = {},
): string {
  if (existsSync(name) || !isModelId(name)) return name;
  return cachedSnapshot(modelCache(hubCache(env), name), revision)?.folder ?? name;
}
