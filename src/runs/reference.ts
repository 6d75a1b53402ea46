/**
 * What the model said of every example as it began, for objectives that compare with it: computed once, before the training, and
 * kept in the run's folder under a name that follows from weights and rows.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Dataset } from '../data/rows/dataset.ts';
import type { Model } from '../models/model.ts';
import type { AnyObjective } from '../objectives/objective.ts';
import { UserError } from '../support/errors.ts';
import {
  autocast,
  type DType,
  fromTypedArray,
  inferenceMode,
  loadSafetensors,
  saveSafetensors,
  scope,
} from '../torch/index.ts';
import { computeDtype } from '../train/precision.ts';
import type { RunParts } from './run-parts.ts';

const NAME = /^reference-[0-9a-f]{16}\.safetensors$/;

export interface ReferenceOptions {
  folder: string;
  /** The model as the run began, where `parts` has another one by now. */
  initial?: () => Model;
  signal?: AbortSignal;
  onNote?: (note: string) => void;
}

/**
 * The parts of a run whose examples know what the model said of them as it began; the same parts for an objective that does not ask.
 *
 * @returns undefined when the signal stopped it
 */
export async function withReference(parts: RunParts, options: ReferenceOptions): Promise<RunParts | undefined> {
  const { objective, recipe, data, heldOut } = parts;
  if (!objective.reference) return parts;
  const { folder, initial, signal, onNote } = options;
  const known = initial && readdirSync(folder).find(name => NAME.test(name));
  let path = known && join(folder, known);
  if (!path) {
    const model = initial?.() ?? parts.model;
    path = join(folder, `reference-${keyOf(model, parts).slice(0, 16)}.safetensors`);
    if (!existsSync(path)) {
      onNote?.(`what the model says of ${data.length + heldOut.length} examples before it is trained: ${path}`);
      const dtype = computeDtype(recipe.train);
      const values: { data?: Float32Array; heldOut?: Float32Array } = {};
      for (const [name, rows] of Object.entries({ data, heldOut })) {
        const found = await valuesOf(model, objective, rows, { batchSize: recipe.train.batchSize, dtype, signal });
        if (found === undefined) return undefined;
        values[name as keyof typeof values] = found;
      }
      scope(() =>
        saveSafetensors(
          path!,
          new Map(Object.entries(values).map(([name, own]) => [name, fromTypedArray(own!, [own!.length])] as const)),
        ),
      );
    }
    if (initial) model.dispose();
  }
  const stored = scope(() => {
    const tensors = loadSafetensors(path!);
    return { data: tensors.get('data')!.toNumbers(), heldOut: tensors.get('heldOut')!.toNumbers() };
  });
  return {
    ...parts,
    data: knowing(data, stored.data, objective),
    heldOut: knowing(heldOut, stored.heldOut, objective),
  };
}

/** Values of each example, one after another. */
async function valuesOf(
  model: Model,
  objective: AnyObjective,
  rows: Dataset<unknown>,
  { batchSize, dtype, signal }: { batchSize: number; dtype: DType; signal?: AbortSignal },
): Promise<Float32Array | undefined> {
  model.eval();
  const values: number[] = [];
  for (let start = 0; start < rows.length; start += batchSize) {
    if (signal?.aborted) return undefined;
    const length = Math.min(batchSize, rows.length - start);
    const examples = Array.from({ length }, (_, i) => rows.row(start + i));
    scope(() => {
      const found = inferenceMode(() =>
        autocast(dtype, () => objective.reference!.of(model, objective.batch(examples, model.device))),
      );
      for (const value of found.flatten().toNumbers()) values.push(value);
    });
    await nextTurn();
  }
  return Float32Array.from(values);
}

function knowing(rows: Dataset<unknown>, values: ArrayLike<number>, objective: AnyObjective): Dataset<unknown> {
  const each = values.length / rows.length;
  if (!Number.isInteger(each)) {
    throw new UserError('TSLM_REFERENCE', `the reference has ${values.length} values for ${rows.length} examples`, {
      hint: "remove the file reference-….safetensors from the run's folder: it is computed again",
    });
  }
  return {
    ...rows,
    length: rows.length,
    row: index =>
      objective.reference!.with(
        rows.row(index),
        Array.from({ length: each }, (_, i) => values[index * each + i]),
      ),
  };
}

/** SHA-256 of the weights, the rows, and what the objective makes of them. */
function keyOf(model: Model, { source, recipe, context }: RunParts): string {
  const hash = createHash('sha256');
  scope(() => {
    for (const [name, parameter] of model.namedParameters()) {
      const values = Float32Array.from(
        parameter.detach().to({ dtype: 'float32', device: 'cpu' }).toNumbers() as ArrayLike<number>,
      );
      hash.update(name).update(new Uint8Array(values.buffer));
    }
  });
  const { validation, skipBad } = recipe.data;
  const rest = {
    rows: source.fingerprint,
    context,
    objective: recipe.objective,
    validation,
    skipBad,
    seed: recipe.seed,
  };
  return hash.update(JSON.stringify({ ...rest, windows: recipe.evaluation.windows })).digest('hex');
}
