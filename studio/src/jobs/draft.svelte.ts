/** What the form of a new job begins with: set by a page that leads to it. */
import { addressOf } from '../router.svelte.ts';
import type { JobCommand, JobValues } from '../server/jobs.svelte.ts';

const state = $state<{ command: JobCommand; values: JobValues; count: number }>({
  command: 'prepare',
  values: {},
  count: 0,
});

export const draft = {
  get command(): JobCommand {
    return state.command;
  },
  set command(command: JobCommand) {
    state.command = command;
    state.values = {};
    state.count++;
  },
  get values(): JobValues {
    return state.values;
  },
  /** Grows with each new draft. */
  get count(): number {
    return state.count;
  },
};

/** Goes to the form, filled in so far. */
export function beginJob(command: JobCommand, values: JobValues = {}): void {
  state.command = command;
  state.values = values;
  state.count++;
  location.hash = addressOf('jobs');
}
