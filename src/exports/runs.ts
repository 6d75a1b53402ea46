/// <reference lib="esnext.disposable" preserve="true" />
/// <reference types="node" preserve="true" />
/** `tslm/runs`: recipes and run folders, as `tslm train` and `tslm finetune` have them, in this thread. */

export type { FileRowKind } from '../data/rows/columns.ts';
export type { ShapedKind } from '../data/rows/shapes.ts';
export type { Margin, RowScores } from '../evaluate/rows/row-scores.ts';
export type { Best, TrainProgress } from '../runs/checkpoints.ts';
export type { FindLrOptions } from '../runs/find-lr.ts';
export { findLr } from '../runs/find-lr.ts';
export type { Baseline } from '../runs/finetune/baselines.ts';
export type { FinetuneOptions, FinetuneResult } from '../runs/finetune/finetune.ts';
export { finetune, planFinetune } from '../runs/finetune/finetune.ts';
export type { FinetunePlan, Finetuning } from '../runs/finetune/finetune-plan.ts';
export type { Look } from '../runs/finetune/look.ts';
export type { Cost } from '../runs/finetune/measure.ts';
export { parseRecipe, readRecipe } from '../runs/recipe.ts';
export type { ParsedRecipe, Recipe } from '../runs/recipe-schema.ts';
export type { ResumeOptions, RunOptions } from '../runs/run.ts';
export { resumeRun, startRun } from '../runs/run.ts';
export type { RunHooks, RunResult, RunStart } from '../runs/run-hooks.ts';
export type { Sample } from '../runs/samples.ts';
export type { TakenVectors } from '../runs/word-vectors.ts';
export type { StepMetrics } from '../train/loop.ts';
export type { LrPoint, LrRange, LrRangeOptions } from '../train/lr-range.ts';
