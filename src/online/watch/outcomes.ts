/** How requests of each revision ended since the service began, whatever was kept of them: whether they failed, and how long a token took. */
import { type Sample, sampleOf } from './sequential.ts';

export interface Outcome {
  /** The service could not answer, which is not the client's doing. */
  failed: boolean;
  milliseconds: number;
  /** Tokens that were written. */
  tokens: number;
}

export interface Outcomes {
  /** @returns how many there are of the revision now */
  add(revision: string, outcome: Outcome): number;
  /** 1 for each request that failed, 0 for the others. */
  failures(revision: string): Sample;
  /** Logarithms of the milliseconds a token, of requests that wrote enough for that to mean something. */
  slowness(revision: string): Sample;
}

/** Of each revision at most, the newest. */
const MOST = 2000;
const LEAST_TOKENS = 4;

export function createOutcomes(): Outcomes {
  const kept = new Map<string, { count: number; failures: number[]; slowness: number[] }>();
  const of = (revision: string) => kept.get(revision) ?? { count: 0, failures: [], slowness: [] };
  const push = (values: number[], value: number): void => {
    values.push(value);
    if (values.length > MOST) values.shift();
  };
  return {
    add(revision, { failed, milliseconds, tokens }) {
      const own = of(revision);
      kept.set(revision, own);
      push(own.failures, failed ? 1 : 0);
      if (!failed && tokens >= LEAST_TOKENS) push(own.slowness, Math.log(Math.max(0.01, milliseconds / tokens)));
      return ++own.count;
    },
    failures: revision => sampleOf(of(revision).failures),
    slowness: revision => sampleOf(of(revision).slowness),
  };
}
