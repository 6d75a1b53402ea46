/** Pseudo-perplexity beside the held-out loss, for objectives that hide tokens: of as many windows as the recipe says. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Rows } from '../data/rows/rows.ts';
import { pseudoPerplexity } from '../generate/scoring/pseudo-perplexity.ts';
import { autocast, type DType } from '../torch/index.ts';
import type { Estimates } from '../train/evaluation.ts';
import type { RunParts } from './run-parts.ts';

/** Of rows spread evenly over those that are held out, the same ones each time. Undefined when the signal stopped it. */
export async function heldOutPseudoPerplexity(
  {
    recipe,
    context,
    model,
    tokenizer: ofModel,
    heldOut,
  }: Pick<RunParts, 'recipe' | 'context' | 'model' | 'tokenizer' | 'heldOut'>,
  dtype: DType,
  signal?: AbortSignal,
): Promise<Estimates | undefined> {
  const tokenizer = ofModel!; // a model that finds hidden tokens has one
  const count = Math.min(recipe.evaluation.pseudoPerplexity, heldOut.length);
  const { before, after } = model.task === 'causalLM' ? { before: [], after: [] } : tokenizer.specialTokensAround();
  const room = context - before.length - after.length;
  let [logProb, tokens] = [0, 0];
  for (let i = 0; i < count; i++) {
    if (signal?.aborted) return undefined;
    const row: Rows['tokens'] | Rows['document'] = heldOut.row(Math.floor((i * heldOut.length) / count));
    const ids = 'ids' in row ? Array.from(row.ids) : row.sentences.flatMap(sentence => Array.from(sentence));
    const text = [...before, ...ids.slice(0, room), ...after];
    const options = { batchSize: recipe.train.batchSize };
    const found = autocast(dtype, () => pseudoPerplexity(model, tokenizer, [text], options));
    logProb += found.logProb;
    tokens += found.tokens;
    await nextTurn();
  }
  return { pseudoPerplexity: { value: Math.exp(-logProb / tokens), count: tokens } };
}
