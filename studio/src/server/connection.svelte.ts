/** Whether the server answers, whether its models are ready, and the key that it may ask for. */
import { keep, read } from '../storage.ts';

type State = 'unknown' | 'ready' | 'loading' | 'gone';

const KEY = 'tslm-key';
const state = $state<{ server: State; returns: number; asksForKey: boolean; refusedKey: boolean }>({
  server: 'unknown',
  returns: 0,
  asksForKey: false,
  refusedKey: false,
});

let waiting: { resolve(): void; reject(): void }[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

export const connection = {
  get server(): State {
    return state.server;
  },
  /** Grows when the server is back, so that what depends on it is asked again. */
  get returns(): number {
    return state.returns;
  },
  get asksForKey(): boolean {
    return state.asksForKey;
  },
  /** The key given was not right. */
  get refusedKey(): boolean {
    return state.refusedKey;
  },
};

export const apiKey = (): string | undefined => read('session', KEY);

/** Waits until a person has given a key. Rejects when they will not. */
export function askForKey(refused: boolean): Promise<void> {
  state.asksForKey = true;
  state.refusedKey = refused;
  return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
}

/** The answer to `askForKey`: a key, or `undefined` for none. */
export function giveKey(key: string | undefined): void {
  if (key !== undefined) keep('session', KEY, key);
  state.asksForKey = false;
  const answered = waiting;
  waiting = [];
  for (const { resolve, reject } of answered) key === undefined ? reject() : resolve();
}

/** Asks after the server's health, and goes on asking until it is well. */
export async function checkHealth(): Promise<void> {
  clearTimeout(timer);
  const before = state.server;
  state.server = await fetch('/health').then(
    ({ status }) => (status === 503 ? 'loading' : 'ready'),
    () => 'gone' as const,
  );
  if (state.server !== 'ready') timer = setTimeout(checkHealth, 2000);
  else if (before === 'gone' || before === 'loading') state.returns++;
}
