/** Whether the server learns, and what it has learnt; asked again when it comes back. */
import { connection } from './connection.svelte.ts';
import { asProblem, getJson, request, type ServerProblem } from './request.ts';
import type { LearningDetail } from './studio-api.ts';

interface State {
  /** Null of a server that does not learn; undefined while it is not known. */
  detail: LearningDetail | null | undefined;
  problem?: ServerProblem;
}

const state = $state<State>({ detail: undefined });

export const learning = {
  get detail(): LearningDetail | null | undefined {
    return state.detail;
  },
  get problem(): ServerProblem | undefined {
    return state.problem;
  },
};

export async function refreshLearning(): Promise<void> {
  try {
    state.detail = await getJson<LearningDetail | null>('/studio/api/learning');
    state.problem = undefined;
  } catch (error) {
    state.problem = asProblem(error);
  }
}

/** For the script of a component: asks now, and whenever the server is back. */
export function followLearning(): void {
  $effect(() => {
    void connection.returns;
    void refreshLearning();
  });
}

export interface Judgement {
  thumb?: 'up' | 'down';
  correction?: string;
  better_than?: { response_id: string }[];
}

export async function judge(answer: string, judgement: Judgement): Promise<void> {
  await request('/v1/feedback', { method: 'POST', body: { response_id: answer, user: 'studio', ...judgement } });
  await refreshLearning();
}

export async function review(judgements: readonly string[], verdict: 'accepted' | 'rejected'): Promise<void> {
  await request('/v1/feedback/review', { method: 'POST', body: { judgements, verdict } });
  await refreshLearning();
}
