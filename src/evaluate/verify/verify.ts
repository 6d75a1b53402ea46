/**
 * Checks models, tokenizers, word vectors, schedules, logits processors and objectives against recorded results, quantity
 * by quantity.
 */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { loadCompleteModel } from '../../models/auto.ts';
import { UserError } from '../../support/errors.ts';
import { readJson } from '../../support/files.ts';
import type { Check } from './compare.ts';
import { verifyForward } from './forward.ts';
import { verifyGeneration } from './generation.ts';
import { openGolden } from './golden.ts';
import { verifyLogitsProcessors } from './logits-processors.ts';
import { verifyMemory } from './memory.ts';
import { verifyObjectives } from './objectives/objectives.ts';
import { verifySchedules } from './schedules.ts';
import { verifyText } from './text.ts';
import { verifyTokenizer } from './tokenizer.ts';
import { verifyAdamW, verifyGradients } from './training.ts';
import { isVectorsGolden, verifyVectors } from './vectors.ts';

/**
 * Checks against recorded results, whatever they are of: a folder of a model, a tokenizer or word vectors,
 * or a file of schedules, logits processors or pretraining objectives. Yields each comparison as it is made.
 *
 * @throws UserError when there is nothing to check, or nothing to compare it with
 */
export function* verify(path: string): Generator<Check, void> {
  if (existsSync(path) && statSync(path).isFile()) yield* verifyFile(path);
  else if (existsSync(join(path, 'config.json'))) yield* verifyModel(path);
  else if (existsSync(join(path, 'tokenizer.json')) && existsSync(join(path, 'golden.json')))
    yield* verifyTokenizer(path);
  else if (holdsVectors(path)) yield* verifyFile(join(path, 'golden.json'));
  else yield* verifyModel(path);
}

function holdsVectors(folder: string): boolean {
  const path = join(folder, 'golden.json');
  return existsSync(path) && isVectorsGolden(readJson(path));
}

function* verifyFile(path: string): Generator<Check, void> {
  const json = readJson(path) as { cases?: Record<string, unknown>[]; logits?: unknown; bert_mlm?: unknown };
  if (isVectorsGolden(json)) yield* verifyVectors(json, path);
  else if (json?.bert_mlm !== undefined) yield* verifyObjectives(json, path);
  else if (json?.logits !== undefined) yield* verifyLogitsProcessors(json, path);
  else if (json?.cases?.[0]?.lr !== undefined) yield* verifySchedules(json, path);
  else {
    throw new UserError('TSLM_NO_GOLDEN', `${path}: no recorded schedules, logits processors or objectives`, {
      hint: 'give such a file, or a folder with golden.json',
    });
  }
}

function* verifyModel(folder: string): Generator<Check, void> {
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
