/** What the studio's server tells its page, as JSON. The page imports these types and nothing else of the server. */

import type { ModelCard } from '../../engine/protocol.ts';
import type { TaskComparison } from '../../evaluate/compare/comparison.ts';
import type { ModelMemory, ModelTree } from '../../models/inspect.ts';
import type { Decision, Figure, Guard, Unit } from '../../online/gate/decision.ts';
import type { ShadowFigures } from '../../online/shadow/compare.ts';
import type { JudgementKind } from '../../online/store/judgement.ts';
import type { Verdict } from '../../online/store/stored.ts';
import type { Tokens } from '../../prompt/strategies/session.ts';
import type { TreeNode } from '../../prompt/strategies/tree-node.ts';
import type { Vote } from '../../prompt/strategies/votes.ts';
import type { Evaluation, Sample } from '../../runs/report/sections.ts';
import type { ProgressReport } from '../../support/progress.ts';
import type { JobCommand, JobValues } from './jobs/commands.ts';

export type {
  Decision,
  Evaluation,
  Figure,
  Guard,
  JobCommand,
  JobValues,
  ModelCard,
  ModelMemory,
  ModelTree,
  ProgressReport,
  Sample,
  TaskComparison,
  Tokens,
  TreeNode,
  Unit,
  Vote,
};

/** `stopped`: a signal or a crash ended it before its last step; `unreadable`: `problem` says why. */
export type RunState = 'running' | 'finished' | 'stopped' | 'unreadable';

export interface RunSummary {
  /** Names the run in addresses: its path below the folder of runs. */
  id: string;
  name: string;
  folder: string;
  state: RunState;
  problem?: string;
  /** Updates done, and those that the recipe asks for. */
  step: number;
  steps?: number;
  parameters?: number;
  /** ISO 8601. */
  created?: string;
  /** Last change, ISO 8601. */
  updated?: string;
  /** Lowest evaluation loss. */
  best?: { step: number; loss: number };
  /** Training loss of the last line. */
  loss?: number;
  tokensPerSecond?: number;
  /** Seconds until the last step at the rate of the last line; for runs under way. */
  secondsLeft?: number;
}

/** A row of metrics.jsonl; `"NaN"`, `"Infinity"` and `"-Infinity"` stand for what JSON has no number for. */
export type MetricsWireRow = { step: number } & Record<string, number | string>;

export interface MetricsChunk {
  rows: MetricsWireRow[];
  /** Give it as `after` for what comes next. */
  next: number;
  /** The file was written anew: forget the rows from before. */
  restarted: boolean;
  /** There is more already. */
  hasMore: boolean;
}

export interface RunDetail extends RunSummary {
  /** recipe.yaml as it is. */
  recipe: string;
  samples: Sample[];
  /** On held-out text; the model's first. */
  evaluations: Evaluation[];
  lineage: RunLineage;
}

/** A folder that a run goes on from, and the run that wrote it, if it is among those known. */
export interface ParentModel {
  path: string;
  run?: string;
}

export interface RunLineage {
  tslm?: string;
  parents: ParentModel[];
  /** Runs that go on from this one's model. */
  children: string[];
  /** Corpus, its hashes and its number of tokens. */
  data: Record<string, string | number>;
  /** Other runs on the same data. */
  sameData: string[];
  environment: Record<string, string | number>;
}

/** Keys of recipes that are not the same in all runs, `train.batchSize`; null where a run lacks one. */
export interface RecipeDifferences {
  runs: string[];
  keys: { key: string; values: unknown[] }[];
}

export interface ModelDetail {
  card: ModelCard;
  /** Absent for a model behind another server, as is what follows. */
  tree?: ModelTree;
  memory?: ModelMemory;
  config?: Record<string, unknown>;
  /** README.md of its folder. */
  readme?: string;
  /** run.json of its folder. */
  lineage?: Record<string, unknown>;
  evaluations: Evaluation[];
}

export interface TaskScore {
  task: string;
  metric: string;
  filter: string;
  value: number;
  stderr?: number;
  /** Of 95 %. */
  interval?: [number, number];
  chance?: number;
  documents?: number;
  /** Documents that stand in the training corpus, where that was looked up. */
  seen?: number;
}

/** A results_….json. */
export interface EvaluationSummary {
  id: string;
  model: string;
  file: string;
  /** ISO 8601. */
  date?: string;
  tasks: TaskScore[];
  problem?: string;
}

/** Two evaluations, with paired tests. */
export interface Comparison {
  a: string;
  b: string;
  tasks: TaskComparison[];
  sentence: string;
}

/** Which of the two was better, or whether both were right or neither. */
export type SampleKind = 'a' | 'b' | 'both' | 'neither';

export interface SampleSide {
  answer: string;
  score: number;
}

export interface ComparedSamples {
  counts: Record<SampleKind, number>;
  samples: { document: number; prompt: string; target: string; a: SampleSide; b: SampleSide }[];
  hasMore: boolean;
}

export interface SweepSummary {
  id: string;
  name: string;
  folder: string;
  state: RunState;
  problem?: string;
  /** What trials are ranked by. */
  metric?: string;
  /** Trials that there are to be, that began, and that ended. */
  wanted?: number;
  trials: number;
  ended: number;
  best?: { trial: number; value: number };
  /** Last change, ISO 8601. */
  updated?: string;
}

export interface SweepAxis {
  name: string;
  low: number | string;
  high: number | string;
}

export interface SweepTrial {
  number: number;
  state: string;
  /** At its end, or what it reported last. */
  value?: number;
  step?: number;
  values: unknown[];
  /** Of each value its place on the axis, from 0 to 1; null where the trial has none. */
  places: (number | null)[];
  message?: string;
}

export interface SweepDetail extends SweepSummary {
  direction: 'minimize' | 'maximize';
  axes: SweepAxis[];
  rows: SweepTrial[];
  importance: { name: string; importance: number }[];
}

/** A selection.json. */
export interface SelectionSummary {
  id: string;
  file: string;
  problem?: string;
  created?: string;
  reason?: string;
  rule?: string;
  chosen?: string;
  models?: {
    name: string;
    quality: { value: number; stderr: number };
    costs: { tokensPerSecond: number; firstToken: number | null; memory: number | null; disk: number | null };
    isOnFront: boolean;
    isNearBest: boolean;
    excluded: string[];
  }[];
}

/** What somebody said of an answer, with what it was said of. */
export interface JudgedAnswer {
  id: string;
  /** ISO 8601. */
  created: string;
  user: string;
  revision: string;
  prompt: string;
  answer: string;
  kind: JudgementKind;
  /** `up`, `0.5`, or the text of a correction. */
  said: string;
  /** What a review has said of it. */
  verdict?: Verdict;
}

/** An answer that was shown, beside one to the same request that was not. */
export interface ShadowAnswers {
  /** Ids of the two. */
  shown: string;
  shadow: string;
  prompt: string;
  shownText: string;
  shadowText: string;
}

export interface RevisionDetail {
  id: string;
  created: string;
  parent?: string;
  state: string;
  aliases: string[];
  /** Judgements that it has learnt from, those of its parents left out. */
  learnt: number;
  decision?: Decision;
}

/** null of a server that does not learn. */
export interface LearningDetail {
  model: string;
  folder: string;
  /** Every answer is kept but of requests that say otherwise, or only of those that ask for it. */
  consent: 'asked' | 'all';
  answers: number;
  judgements: number;
  users: number;
  kinds: Record<string, number>;
  /** What was taken out of texts, by kind. */
  scrubbed: Record<string, number>;
  /** Judgements that are waiting to be learnt from. */
  waiting: number;
  /** Only judgements that a review has accepted are learnt from. */
  isReviewed: boolean;
  /** Judgements that wait for a review, and the oldest of them. */
  unreviewed: number;
  queue: JudgedAnswer[];
  /** Of what answers in the shadow, with the latest answers. */
  shadow?: ShadowFigures & { pairs: ShadowAnswers[] };
  latest: JudgedAnswer[];
  /** Newest first. */
  revisions: RevisionDetail[];
}

/** A strategy of reasoning, with its options by name as JSON Schemas. */
export interface StrategyInfo {
  name: string;
  about: string;
  options: Record<string, { type?: string; enum?: string[]; default?: unknown; minimum?: number; maximum?: number }>;
}

/** What happens while a question is worked on; `text` is what a text got since the last event. */
export type ReasoningEvent =
  | { type: 'text'; request: number; index: number; text: string }
  | { type: 'written'; request: number }
  | { type: 'chain'; chain: { text: string; answer: string | null; tokens: number; score?: number } }
  | { type: 'thought'; node: TreeNode }
  | { type: 'step'; note: string }
  | {
      type: 'result';
      answer: string | null;
      /** Where the right answer is known. */
      isRight?: boolean;
      votes: Vote[];
      tokens: Tokens;
      saved: number;
      isCut: boolean;
      seconds: number;
    }
  | ({ type: 'error' } & ApiError);

/** `stopped`: it was asked to end, and has saved what it could; `interrupted`: how it ended is not known. */
export type JobState = 'waiting' | 'running' | 'done' | 'failed' | 'stopped' | 'interrupted';

/** A command that was asked for on the page. */
export interface JobSummary {
  id: string;
  command: JobCommand;
  values: JobValues;
  /** As a person types it. */
  line: string;
  state: JobState;
  /** How often it was asked to end: once lets it save, twice does not. */
  stops: number;
  /** ISO 8601, as are the next. */
  created: string;
  began?: string;
  ended?: string;
  /** Exit code. */
  code?: number;
  /** What it said of its failure. */
  problem?: string;
  progress?: ProgressReport;
  /** The run that it trains, if it is among those known. */
  run?: string;
}

export interface JobList {
  /** Where commands run. */
  folder: string;
  /** Jobs that run at a time. */
  atOnce: number;
  /** The latest first. */
  jobs: JobSummary[];
}

/** While a job is followed; `next`: the byte of its log to go on from. */
export type JobEvent = { type: 'log'; text: string; next: number } | { type: 'job'; job: JobSummary };

/** A recipe that comes with tslm. */
export interface KnownRecipe {
  name: string;
  file: string;
  about: string;
}

interface Place {
  path: string;
  about: string;
}

/** What commands could read; paths begin at the folder. */
export interface Workplace {
  folder: string;
  corpora: Place[];
  models: Place[];
  /** `hasModel`: it has been evaluated once, and kept what was best. */
  runs: (Place & { hasModel: boolean })[];
  texts: string[];
  rows: string[];
  recipes: string[];
  learning: string[];
  knownRecipes: KnownRecipe[];
}

/** As in OpenAI's API, with a remedy. */
export interface ApiError {
  error: { message: string; type: string; code: string; hint?: string };
}
