/** What is to be done with rows and a model, and what it will cost. */
import type { FileRowKind } from '../../data/rows/columns.ts';
import type { Recipe } from '../recipe-schema.ts';
import type { Look } from './look.ts';
import type { Cost } from './measure.ts';

/** What was understood of rows and model: a run keeps it. */
export interface Finetuning {
  kind: FileRowKind;
  /** What the files call the columns. */
  columns: Record<string, string>;
  look: Look;
  heldOut: number;
  /** Of the model to begin with. */
  model: { path: string; modelType: string; parameters: number; hasHead: boolean };
}

export interface FinetunePlan extends Finetuning {
  /** What the rows were found to be, file by file. */
  notes: readonly string[];
  recipe: Recipe;
  /** As a recipe file says it. */
  written: Record<string, unknown>;
  cost: Cost;
  out: string;
}
