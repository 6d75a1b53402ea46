/** The end of a sweep, or of a sitting: the best trial's run, its score on other data, and the report. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importances } from '../../evaluate/search/importance.ts';
import type { Values } from '../../evaluate/search/space.ts';
import { writeJson } from '../../support/files.ts';
import { takeLock } from '../../support/lock.ts';
import { parseRecipe } from '../recipe.ts';
import { adoptBest, type FinalScore, finalScore } from './adopt-best.ts';
import { directionOf, overridesOf, type SweepResult } from './run-sweep.ts';
import { writeSweepReport } from './sweep-report.ts';
import type { Sweep } from './sweep-schema.ts';

export interface SweepSummary {
  folder: string;
  finished: boolean;
  metric: string;
  direction: 'minimize' | 'maximize';
  counts: { complete: number; pruned: number; failed: number };
  best?: { trial: number; value: number; values: Values; run: string; recipe: string };
  /** Of the best on data that the search did not use. */
  final?: FinalScore;
  importance: { name: string; importance: number }[];
  report: string;
}

/** Writes `best/`, `best.yaml`, `result.json` and `report.html` into the sweep's folder. */
export async function finishSweep(
  sweep: Sweep,
  { folder, trials, best, finished }: SweepResult,
): Promise<SweepSummary> {
  using _lock = takeLock(join(folder, '.lock'), folder);
  const recipe = parseRecipe({ ...sweep.recipeValue, name: sweep.name }, sweep.recipePath, [
    ...sweep.set,
    ...overridesOf(best?.values ?? trials[0]?.values ?? {}),
  ]);
  const direction = directionOf(sweep, recipe);
  const adopted = best && adoptBest(folder, best.number);
  const final = adopted && finished ? await finalScore(sweep, adopted.run) : undefined;
  const countOf = (state: string): number => trials.filter(trial => trial.state === state).length;
  const report = join(folder, 'report.html');
  const summary: SweepSummary = {
    folder,
    finished,
    metric: recipe.evaluation.best,
    direction,
    counts: { complete: countOf('complete'), pruned: countOf('pruned'), failed: countOf('failed') },
    ...(best && adopted && { best: { trial: best.number, value: best.value!, values: best.values, ...adopted } }),
    ...(final && { final }),
    importance: importances(sweep.parameters, trials, { direction }).filter(({ importance }) => importance > 0),
    report,
  };
  writeSweepReport(report, {
    name: sweep.name,
    metric: recipe.evaluation.best,
    direction,
    space: sweep.parameters,
    trials,
    best,
    final,
    ...(adopted && { recipe: readFileSync(adopted.recipe, 'utf8') }),
  });
  writeJson(join(folder, 'result.json'), summary);
  return summary;
}
