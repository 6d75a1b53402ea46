/** What comes of an evaluation: values with standard errors of tasks and groups, and a sample for each document. */
import type { Aggregated } from './aggregations.ts';
import type { Doc } from './datasets.ts';
import type { TaskRequest } from './requests.ts';
import type { Scores } from './scores.ts';
import type { Task } from './task.ts';
import type { GroupNode } from './task-library.ts';
import type { TaskMetric } from './task-metrics.ts';
import type { Uncertainty } from './uncertainty.ts';

export interface Sample {
  docId: number;
  doc: Doc;
  target: unknown;
  requests: readonly TaskRequest[];
  /** Of each request one answer a repeat. */
  responses: readonly (readonly unknown[])[];
  filtered: readonly unknown[];
  filter: string;
  scores: Scores;
  hashes: { doc: string; prompt: string; target: string };
}

export interface Floors {
  /** Of choices: the mean share of right ones among them. */
  chance?: number;
  /** Always the same choice by number, or the same text: the share of documents that the best of these gets right. */
  majority?: number;
}

export interface TaskResult {
  name: string;
  alias: string;
  task: Task;
  metrics: readonly TaskMetric[];
  /** Documents that were evaluated, of all. */
  effective: number;
  original: number;
  /** By metric and filter: `acc,none`. */
  values: ReadonlyMap<string, Aggregated>;
  /** By the same keys, how sure each value is; without those of which nothing is known. */
  uncertainty: ReadonlyMap<string, Uncertainty>;
  samples: readonly Sample[];
  /** What needs no model. */
  floors: Floors;
}

/** The aggregated scores of a group of tasks. */
export interface GroupResult {
  name: string;
  alias: string;
  node: GroupNode;
  effective: number;
  values: ReadonlyMap<string, Aggregated>;
}

/** Scores of tasks and groups. */
export interface EvaluationResult {
  tasks: readonly TaskResult[];
  groups: readonly GroupResult[];
  seconds: number;
}
