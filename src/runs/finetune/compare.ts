/** A fine-tuned model beside the one that it began with and what is simple, on rows that were held out. */
import { join } from 'node:path';
import type { Rows } from '../../data/rows/rows.ts';
import { type LikelyPair, likelyPairs, preferenceScores } from '../../evaluate/rows/preferences.ts';
import { marginOver, type Scored } from '../../evaluate/rows/row-scores.ts';
import { scoreRows } from '../../evaluate/rows/score-rows.ts';
import { loadCompleteModel } from '../../models/auto.ts';
import type { Model } from '../../models/model.ts';
import { Tokenizer } from '../../tokenizers/tokenizer.ts';
import type { Recipe } from '../recipe-schema.ts';
import type { RunSource } from '../run-source.ts';
import { startingPoint } from '../starting-point.ts';
import { type Baseline, baselinesOf } from './baselines.ts';
import type { Finetuning } from './finetune-plan.ts';

const AFTER = 'this model';
const BEFORE = 'the model before';

/** @param run folder of the run @returns the fine-tuned model first, then what it is compared with */
export function compared(run: string, finetuning: Finetuning, recipe: Recipe, source: RunSource): Baseline[] {
  const [own, ...others] = scoresOfAll(run, finetuning, recipe, source);
  if (!own) return [];
  return [own, ...others.map(other => ({ ...other, margin: marginOver(own.scores, other.scores) }))];
}

function scoresOfAll(run: string, { kind, model }: Finetuning, recipe: Recipe, source: RunSource): Baseline[] {
  const [training, heldOut] = source.rowsOf!().map(all);
  const scored = <T>(network: Model, tokenizer: Tokenizer, score: (scored: Scored) => T): T => {
    try {
      return score({ model: network, tokenizer, context: recipe.model.context });
    } finally {
      network.dispose();
    }
  };
  const folder = join(run, 'model');
  const after = <T>(score: (scored: Scored) => T): T =>
    scored(loadCompleteModel(folder, { device: recipe.train.device }), Tokenizer.fromFile(folder), score);
  const before = <T>(score: (scored: Scored) => T): T => {
    const start = startingPoint(recipe, source);
    return scored(start.model, start.tokenizer!, score);
  };
  if (kind === 'preference') return preferences(heldOut as Rows['preference'][], recipe, { before, after });
  const ofRows = (scored: Scored) => scoreRows(kind, scored, heldOut as never);
  const named = (name: string, scores: ReturnType<typeof ofRows>): Baseline[] => (scores ? [{ name, scores }] : []);
  return [
    ...named(AFTER, after(ofRows)),
    ...(model.hasHead ? named(BEFORE, before(ofRows)) : []),
    ...baselinesOf(kind, training as never, heldOut as never),
  ];
}

interface Sides {
  before(score: (scored: Scored) => LikelyPair[]): LikelyPair[];
  after(score: (scored: Scored) => LikelyPair[]): LikelyPair[];
}

/** Rewards are how far the model has gone from where it began. */
function preferences(
  rows: readonly Rows['preference'][],
  { objective, data }: Recipe,
  { before, after }: Sides,
): Baseline[] {
  const beta = 'beta' in objective ? objective.beta : DPO_BETA;
  const read = (scored: Scored): LikelyPair[] => likelyPairs(scored, rows, { skipBad: data.skipBad });
  const [first, last] = [before(read), after(read)];
  return [
    { name: AFTER, scores: preferenceScores(last, { before: first, beta }) },
    { name: BEFORE, scores: preferenceScores(first, { beta }) },
  ];
}

const DPO_BETA = 0.1;

const all = <Row>({ length, row }: { length: number; row(index: number): Row }): Row[] =>
  Array.from({ length }, (_, i) => row(i));
