/** What comes of comparing models: a line for each task and metric, and a sentence for each pair. */
import type { ItemComparison } from './compare-items.ts';

export interface TaskComparison extends ItemComparison {
  task: string;
  metric: string;
  filter: string;
  higherIsBetter: boolean;
  /** Field by which documents belong together. */
  clusterField?: string;
  /** p after Holm (1979), over all tests of the call. */
  adjustedP: number;
}

export interface PairComparison {
  /** Names of the models. */
  a: string;
  b: string;
  tasks: TaskComparison[];
  sentence: string;
}
