/** Commands that the server runs for the page: asked for, followed, stopped. */
import type { JobEvent, JobList, JobSummary, Workplace } from '../../../src/serve/studio/api.ts';
import type { JobCommand, JobValues } from '../../../src/serve/studio/jobs/commands.ts';
import { asProblem, connectionLost, getJson, request, type ServerProblem } from './request.ts';
import { eventsOf } from './sse.ts';

export type { JobState, JobSummary, KnownRecipe, ProgressReport, Workplace } from '../../../src/serve/studio/api.ts';
export {
  commandLine,
  type JobCommand,
  type JobOption,
  type JobValues,
  optionsOfJob,
  wordsOf,
} from '../../../src/serve/studio/jobs/commands.ts';

const API = '/studio/api/jobs';

interface State {
  /** Null of a server that starts none, or not for this page; undefined while it is not known. */
  list: JobList | null | undefined;
  problem?: ServerProblem;
  workplace?: Workplace;
}

const state = $state<State>({ list: undefined });

export const jobs = {
  get list(): JobList | null | undefined {
    return state.list;
  },
  get problem(): ServerProblem | undefined {
    return state.problem;
  },
  /** What lies in the server's folder, as it was asked last. */
  get workplace(): Workplace | undefined {
    return state.workplace;
  },
};

export async function refreshJobs(): Promise<void> {
  try {
    state.list = await getJson<JobList | null>(API);
    state.problem = undefined;
  } catch (error) {
    state.problem = asProblem(error);
    if (state.problem.status === 403) state.list = null;
  }
}

export async function refreshWorkplace(): Promise<void> {
  try {
    state.workplace = await getJson<Workplace>(`${API}/workplace`);
  } catch (error) {
    state.problem = asProblem(error);
  }
}

/** Milliseconds between two looks at the list. */
const PERIOD = 2000;

/** For the script of a component: asks again and again, and looks into the folder whenever a job has ended. */
export function followJobs(): void {
  $effect(() => {
    const turn = (): void => {
      if (!document.hidden) void refreshJobs();
    };
    turn();
    const timer = setInterval(turn, PERIOD);
    return () => clearInterval(timer);
  });
  const finished = $derived(state.list?.jobs.filter(({ ended }) => ended !== undefined).length);
  $effect(() => {
    if (finished !== undefined) void refreshWorkplace();
  });
}

export async function startJob(command: JobCommand, values: JobValues): Promise<JobSummary> {
  const response = await request(API, { method: 'POST', body: { command, values } });
  const job = (await response.json()) as JobSummary;
  await refreshJobs();
  return job;
}

const pathOf = (id: string): string => `${API}/${encodeURIComponent(id)}`;

export async function stopJob(id: string): Promise<void> {
  await request(`${pathOf(id)}/stop`, { method: 'POST' });
  await refreshJobs();
}

export async function removeJob(id: string): Promise<void> {
  await request(pathOf(id), { method: 'DELETE' });
  await refreshJobs();
}

/** @returns its path in the server's folder */
export async function addText(name: string, text: string): Promise<string> {
  const response = await request(`${API}/texts`, { method: 'POST', body: { name, text } });
  const { path } = (await response.json()) as { path: string };
  await refreshWorkplace();
  return path;
}

/** Its log from a byte on, and how it stands, until it has ended. @throws ServerError when the server is gone before */
export async function* followJob(id: string, after: number, signal: AbortSignal): AsyncGenerator<JobEvent> {
  const response = await request(`${pathOf(id)}/events?after=${after}`, { signal });
  let hasEnded = false;
  try {
    for await (const data of eventsOf(response.body!)) {
      const event = JSON.parse(data) as JobEvent;
      hasEnded ||= event.type === 'job' && event.job.ended !== undefined;
      yield event;
    }
  } catch (error) {
    if (signal.aborted || !(error instanceof TypeError)) throw error; // a broken stream
  }
  if (!hasEnded && !signal.aborted) throw connectionLost();
}
