/** What a run tells whoever watches it, and what it comes to. */
import type { StepMetrics } from '../train/loop.ts';
import type { Best } from './checkpoints.ts';
import type { Sample } from './samples.ts';
import type { TakenVectors } from './word-vectors.ts';

export interface RunResult {
  folder: string;
  /** Updates done. */
  step: number;
  /** False when a signal stopped the run; `resume` goes on from here. */
  finished: boolean;
  parameters: number;
  best: Best | null;
  tokens: number;
  seconds: number;
}

export interface RunStart {
  parameters: number;
  tokensPerStep: number;
  startStep: number;
  /** Of the run, or with a time to train of its schedule. */
  steps: number;
  /** Where the run is one of epochs, how many. */
  epochs?: number;
  /** Seconds to train, those before `startStep` left out. */
  secondsLeft?: number;
  dtype: string;
  /** The word vectors that the model begins with. */
  vectors?: TakenVectors;
}

export interface RunHooks {
  /** The run to resume had no checkpoint yet: it begins again. */
  onRestart?(): void;
  /** What was found in the rows, and what became of them; before the run starts. */
  onNote?(note: string): void;
  onStart?(info: RunStart): void;
  onStep?(metrics: StepMetrics): void;
  /** @param decides the metric that says which model is the best, where it is not the loss */
  onEvaluate?(step: number, loss: number, isBest: boolean, decides?: { metric: string; value: number }): void;
  onSample?(sample: Sample): void;
  /** Something that the run can do without went wrong, or a failing run has saved where it was. */
  onWarning?(warning: string): void;
}
