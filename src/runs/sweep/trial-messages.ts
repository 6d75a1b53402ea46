/** What a sweep and the process of a trial tell each other, a line each. */

export interface TrialJob {
  /** Number of the process that started it. */
  parent: number;
  /** Of the run; it goes on where there is one. */
  folder: string;
  /** The recipe before the trial's values. */
  recipe: Record<string, unknown>;
  /** Where it is from, for errors. */
  where: string;
  /** `path=value` of a run that begins. */
  set: string[];
  /** `path=value` of one that goes on. */
  change: string[];
}

export type Message =
  | { kind: 'report'; step: number; value: string }
  | { kind: 'end'; finished: boolean; step: number; seconds: number; value: string }
  | { kind: 'failed'; code: string; message: string };

export type Answer = 'go on' | 'stop';
