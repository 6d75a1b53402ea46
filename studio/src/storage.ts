/** The browser's storage, which may be forbidden: what cannot be kept is asked again. */

export function read(store: 'local' | 'session', key: string): string | undefined {
  try {
    return storeOf(store).getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a value; `undefined` forgets it. */
export function keep(store: 'local' | 'session', key: string, value: string | undefined): void {
  try {
    if (value === undefined) storeOf(store).removeItem(key);
    else storeOf(store).setItem(key, value);
  } catch {
    // Forbidden or full.
  }
}

const storeOf = (store: 'local' | 'session'): Storage => (store === 'local' ? localStorage : sessionStorage);
