/** A folder of recorded fine-tuning: what was computed, from what, and what came of it. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../../support/errors.ts';
import { readJson } from '../../../support/files.ts';
import { parseOptions } from '../../../support/schema.ts';
import { openSafetensors, type Tensor, tensor } from '../../../torch/index.ts';
import type { Tolerance } from '../compare.ts';

const schema = z.looseObject({ format: z.literal(1), kind: z.string(), case: z.unknown(), result: z.unknown() });

/** Numbers in lists, or the name of a stored tensor. */
export const recordedTensor = z.union([z.object({ tensor: z.string() }), z.array(z.unknown())]);
export type RecordedTensor = z.output<typeof recordedTensor>;

export const tuningTolerances = {
  loss: { atol: 5e-6, rtol: 1e-4 },
  stepLosses: { atol: 5e-5, rtol: 2e-4 },
  after: { atol: 1e-4, rtol: 1e-4 },
  curve: { atol: 1e-3, rtol: 1e-3 },
  exact: { atol: 1e-12, rtol: 1e-9 },
} satisfies Record<string, Tolerance>;

export interface TuningGolden {
  folder: string;
  path: string;
  kind: string;
  case: unknown;
  result: unknown;
  /** A folder that the file speaks of, relative to one of those around it. */
  locate(name: string): string;
  recorded(value: RecordedTensor): Tensor;
}

export const isTuning = (folder: string): boolean => {
  const path = join(folder, 'golden.json');
  return existsSync(path) && typeof (readJson(path) as { kind?: unknown } | null)?.kind === 'string';
};

export function openTuning(folder: string): TuningGolden {
  const path = join(folder, 'golden.json');
  const golden = parseOptions(schema, readJson(path), path);
  const tensors = join(folder, 'golden.safetensors');
  const file = existsSync(tensors) ? openSafetensors(tensors) : undefined;
  return {
    folder,
    path,
    kind: golden.kind,
    case: golden.case,
    result: golden.result,
    locate(name) {
      for (let around = resolve(folder); ; around = dirname(around)) {
        if (existsSync(join(around, name))) return join(around, name);
        if (around === dirname(around)) break;
      }
      throw new UserError('TSLM_NO_MODEL', `${path}: there is no ${name} in the folders around it`);
    },
    recorded(value) {
      if (Array.isArray(value)) return tensor(value as number[]);
      if (file?.entries.has(value.tensor)) return file.tensor(value.tensor);
      throw new UserError('TSLM_NO_TENSOR', `${tensors}: there is no '${value.tensor}', which golden.json speaks of`);
    },
  };
}
