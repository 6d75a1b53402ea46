import type { Model } from '../model.ts';
export interface Adapter extends Disposable {
  name: string;
}
export function loadAdapter(_: Model, folder: string): Adapter {
  throw new Error(folder);
}
export function withAdapter<T>(_: Model, __: Adapter, body: () => T): T {
  return body();
}
