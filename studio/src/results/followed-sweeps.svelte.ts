/** Asks again and again while a component is there and its page is seen. */
import { untrack } from 'svelte';
import { asProblem, type ServerProblem } from '../server/request.ts';

/** Milliseconds between two looks. */
const PERIOD = 2000;

export interface Followed<T> {
  value: T | undefined;
  problem: ServerProblem | undefined;
}

/** For the script of a component. */
export function follow<T>(ask: (signal: AbortSignal) => Promise<T>): Followed<T> {
  const followed = $state<Followed<T>>({ value: undefined, problem: undefined });
  $effect(() => {
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const turn = async (): Promise<void> => {
      try {
        if (!document.hidden) [followed.value, followed.problem] = [await ask(controller.signal), undefined];
      } catch (error) {
        if (!controller.signal.aborted) followed.problem = asProblem(error);
      }
      if (!controller.signal.aborted) timer = setTimeout(turn, PERIOD);
    };
    untrack(turn);
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  });
  return followed;
}
