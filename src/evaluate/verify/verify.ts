/** Checks a model folder against recorded results, quantity by quantity. */
import { loadCompleteModel } from '../../models/auto.ts';
import type { Check } from './compare.ts';
import { verifyForward } from './forward.ts';
import { verifyGeneration } from './generation.ts';
import { openGolden } from './golden.ts';
import { verifyMemory } from './memory.ts';
import { verifyText } from './text.ts';
import { verifyAdamW, verifyGradients } from './training.ts';

/**
 * Runs every recorded case of a folder, yielding each comparison as it is made.
 *
 * @throws UserError when the folder holds no model or no recorded results
 */
export function* verify(folder: string): Generator<Check, void> {
  const golden = openGolden(folder);
  using model = loadCompleteModel(folder);
  yield* attempt('forward', () => verifyForward(model, golden));
  yield* attempt('grad', () => verifyGradients(model, golden));
  yield* attempt('generate', () => verifyGeneration(model, golden, folder));
  yield* attempt('memory', () => verifyMemory(model, golden));
  yield* attempt('text', () => verifyText(model, golden, folder));
  // Last, since it changes the weights.
  yield* attempt('adamw', () => verifyAdamW(model, golden));
}

/** A section that cannot be run is a failure, and no reason not to run the others. */
function* attempt(section: string, run: () => Iterable<Check>): Generator<Check> {
  try {
    yield* run();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    yield { section, name: '', quantity: '', pass: false, note: error.message };
  }
}
