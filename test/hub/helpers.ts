/** A hub with one model, and a cache for each test. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { type PullOptions, pull } from '../../src/hub/pull.ts';
import { type FakeHub, type FakeModel, startHub } from './server.ts';

export const ID = 'org/model';
export const COMMIT = 'a'.repeat(40);
export const OLDER = 'b'.repeat(40);

export const files = (): Record<string, Buffer> => ({
  'README.md': Buffer.from('# A model'),
  'config.json': Buffer.from('{"model_type": "gpt2"}'),
  'tokenizer.json': Buffer.from('{"model": {}}'),
  'model.safetensors': randomBytes(300_000),
  'pytorch_model.bin': randomBytes(1000),
  'onnx/model.onnx': randomBytes(1000),
});

export const fakeModel = (): FakeModel => {
  const commits = { [COMMIT]: files(), [OLDER]: { 'config.json': Buffer.from('{}') } };
  return { commits, refs: { main: COMMIT, 'refs/pr/1': OLDER, v1: OLDER } };
};

export const DEFAULT_FILES = ['config.json', 'model.safetensors', 'tokenizer.json'];

export interface Setting {
  hub: FakeHub;
  /** The files of `main`. */
  content: Record<string, Buffer>;
  cacheDir: string;
  /** A pull that waits a moment only between tries. */
  get(options?: PullOptions, id?: string): ReturnType<typeof pull>;
  /** A path in the cache's folder of the model. */
  inCache(...names: string[]): string;
}

export async function setting(folder: string, model = fakeModel()): Promise<Setting> {
  const hub = await startHub({ [ID]: model });
  const cacheDir = mkdtempSync(join(folder, 'cache-'));
  const env = { HF_ENDPOINT: hub.url, HF_HOME: cacheDir, HF_HUB_CACHE: cacheDir };
  return {
    hub,
    content: model.commits[COMMIT],
    cacheDir,
    get: (options = {}, id = ID) => pull(id, { retryDelay: 1, ...options, env: { ...env, ...options.env } }),
    inCache: (...names) => join(cacheDir, 'models--org--model', ...names),
  };
}
