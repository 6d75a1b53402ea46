/** What a run would learn of its rows, before it learns anything: examples as text, what is learnt of them marked. */
import { describeModel, modelFolder } from '../models/auto.ts';
import type { Model } from '../models/model.ts';
import { createObjective } from '../objectives/index.ts';
import { type MarkedSequence, markedSequences } from '../objectives/marked.ts';
import { usageError } from '../support/errors.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import type { Recipe } from './recipe-schema.ts';
import { trainingContext } from './run-parts.ts';
import { openSource, type RunSource } from './run-source.ts';
import { modelFor } from './starting-point.ts';

export interface ShownExample {
  /** Where its row is. */
  place: string;
  name?: string;
  /** Tokens in all, and those that are learnt. */
  tokens: number;
  learnt: number;
  /** In turns, as they follow each other. */
  stretches: { text: string; isLearnt: boolean }[];
}

/**
 * The first `count` examples of a recipe. Weights are not read.
 *
 * @throws UserError for an objective that does not learn from conversations, or a bad row
 */
export async function shownExamples(
  recipe: Recipe,
  count: number,
): Promise<{ examples: ShownExample[]; notes: readonly string[] }> {
  const source = await openSource(recipe);
  const tokenizer = source.tokenizer()!; // objectives of conversations have one
  using model = shapeOf(recipe, source);
  // Rows are shown one by one, however they are packed.
  const alone = 'packing' in recipe.objective ? { ...recipe.objective, packing: 'none' as const } : recipe.objective;
  const objective = createObjective(alone, { tokenizer, context: trainingContext(recipe, model), model });
  const { data } = source.rowsFor(objective);
  const rows = objective.arrange?.(data, { skipBad: recipe.data.skipBad });
  if (!rows || !markedSequences(rows.row(0) as object)) {
    throw usageError(
      'TSLM_NO_MASK',
      `the objective '${objective.name}' does not learn parts of conversations`,
      'it is for instruction, dpo, kto, orpo, cpo and reward',
    );
  }
  const examples = Array.from({ length: Math.min(count, rows.length) }, (_, i) => {
    const place = rows.place?.(i) ?? `example ${i + 1}`;
    return markedSequences(rows.row(i) as object)!.map(sequence => shown(sequence, place, tokenizer));
  });
  return { examples: examples.flat(), notes: [...source.notes, ...rows.notes] };
}

/** The model of a recipe; one that is loaded without its weights. */
const shapeOf = (recipe: Recipe, source: RunSource): Model =>
  recipe.model.from === undefined ? modelFor(recipe, source) : describeModel(modelFolder(recipe.model.from)).model;

function shown({ name, ids, isTarget }: MarkedSequence, place: string, tokenizer: Tokenizer): ShownExample {
  const stretches: { ids: number[]; isLearnt: boolean }[] = [];
  let learnt = 0;
  for (const [t, id] of ids.entries()) {
    const isLearnt = isTarget(t);
    if (isLearnt) learnt++;
    const last = stretches.at(-1);
    if (last?.isLearnt === isLearnt) last.ids.push(id);
    else stretches.push({ ids: [id], isLearnt });
  }
  return {
    place,
    name,
    tokens: ids.length,
    learnt,
    stretches: stretches.map(({ ids: own, isLearnt }) => ({ text: tokenizer.decode(own), isLearnt })),
  };
}
