/** A classifier's labels with their scores. */
import type { Model, Task } from '../models/model.ts';
import { UserError } from '../support/errors.ts';

export interface LabelScore {
  label: string;
  /** A probability, or of a regression the number itself. */
  score: number;
}

/** The name of each class, by `id2label` of config.json. */
export function labelsOf({ config }: Model, count: number): string[] {
  const names = (config.id2label ?? {}) as Record<string, string>;
  return Array.from({ length: count }, (_, i) => names[i] ?? `LABEL_${i}`);
}

/** @throws UserError when the model has another head */
export function checkTask({ task, family }: Model, wanted: readonly Task[], purpose: string): void {
  if (wanted.includes(task)) return;
  throw new UserError('TSLM_TASK', `this ${family.modelType} model (${task}) does not ${purpose}`, {
    hint: `use a model whose head is for ${wanted.join(' or ')}`,
  });
}
