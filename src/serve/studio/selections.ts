/** Choices among models that `tslm select` made. */
import { z } from 'zod';
import { readJson } from '../../support/files.ts';
import { parseOptions } from '../../support/schema.ts';
import type { SelectionSummary } from './api.ts';
import type { ResultFile } from './result-folders.ts';

const cost = z.number().nullable();
const selectionSchema = z.looseObject({
  created: z.string(),
  reason: z.string(),
  rule: z.string(),
  chosen: z.string(),
  models: z.array(
    z.looseObject({
      name: z.string(),
      quality: z.looseObject({ value: z.number(), stderr: z.number() }),
      costs: z.looseObject({ tokensPerSecond: z.number(), firstToken: cost, memory: cost, disk: cost }),
      isOnFront: z.boolean(),
      isNearBest: z.boolean(),
      excluded: z.array(z.string()),
    }),
  ),
});

export function summarizeSelection({ id, path }: ResultFile): SelectionSummary {
  try {
    const { created, reason, rule, chosen, models } = parseOptions(selectionSchema, readJson(path), path);
    return { id, file: path, created, reason, rule, chosen, models };
  } catch (error) {
    return { id, file: path, problem: (error as Error).message };
  }
}
