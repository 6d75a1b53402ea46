/** The labels of a classifier: what config.json calls them, and their numbers. */
import { labelCount } from '../models/config/keys.ts';
import type { Model } from '../models/model.ts';
import { usageError } from '../support/errors.ts';
import { nearest } from '../support/nearest.ts';

interface LabelConfig {
  id2label?: Record<string, string> | null;
  num_labels?: number | null;
}

export interface Labels {
  count: number;
  /** By number. */
  names: readonly string[];
  /**
   * The number of a label: that itself, as a number or written, or the number of its name.
   *
   * @throws UserError for a label that the model has not
   */
  numberOf(label: string | number): number;
}

export function labelsOf(config: Model['config'] = {}): Labels {
  const { id2label } = config as LabelConfig;
  const count = labelCount(config as LabelConfig);
  const names = Array.from({ length: count }, (_, i) => id2label?.[i] ?? `LABEL_${i}`);
  const numbers = new Map(names.map((name, i) => [name, i]));
  return {
    count,
    names,
    numberOf(label) {
      const number = numbers.get(String(label)) ?? (label === '' ? Number.NaN : Number(label));
      if (Number.isInteger(number) && number >= 0 && number < count) return number;
      const guess = nearest(String(label), names);
      const shown = names.slice(0, 20).join(', ');
      throw usageError(
        'TSLM_NO_LABEL',
        `a row has the label '${label}', and the model none of that name or number`,
        guess === undefined ? `it has ${count}: ${shown}` : `did you mean '${guess}'? It has ${count}: ${shown}`,
      );
    },
  };
}
