/**
 * What follows a fine-tuning that has come to its end, in one sitting or several: the comparison, scores.json and the model's card.
 * finetune.json in the run's folder says what was understood of the rows when it began.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeFileAtomically, writeJson } from '../../support/files.ts';
import { readRecipe } from '../recipe.ts';
import type { RunResult } from '../run.ts';
import { openSource } from '../run-source.ts';
import type { Baseline } from './baselines.ts';
import { modelCard } from './card.ts';
import { compared } from './compare.ts';
import type { Finetuning } from './finetune-plan.ts';

export const FINETUNING = 'finetune.json';

/** What a run is a fine-tuning of; undefined for any other run. */
export function finetuningOf(folder: string): Finetuning | undefined {
  const path = join(folder, FINETUNING);
  return existsSync(path) ? (readJson(path) as Finetuning) : undefined;
}

/** The best checkpoint, the model that it began with, and what is simple, on the rows that were held out. */
export async function finishFinetune(run: RunResult, finetuning: Finetuning): Promise<Baseline[]> {
  const recipe = readRecipe(join(run.folder, 'recipe.yaml'));
  const source = await openSource(recipe);
  const scores = compared(run.folder, finetuning, recipe, source);
  writeJson(join(run.folder, 'scores.json'), scores);
  writeFileAtomically(join(run.folder, 'model', 'README.md'), modelCard({ ...finetuning, recipe }, run, scores));
  return scores;
}
