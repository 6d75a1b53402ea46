/**
 * Several objectives in one: an example says whose it is, a batch holds those of all, and each term of the loss keeps its own mean.
 * So that an update is one pass over corrections, choices, thumbs and what is repeated of the text from before.
 */
import type { AnyObjective, Counts, Means } from '../../objectives/objective.ts';
import type { Device } from '../../torch/index.ts';

export interface Part {
  objective: AnyObjective;
  /** Of its loss. */
  weight: number;
}

export interface Tagged {
  part: string;
  example: unknown;
}

interface MixedBatch {
  [part: string]: { batch: unknown; rows: number };
}

const named = (part: string, term: string): string => `${part}.${term}`;

/** @param parts by the names that examples say */
export function mixed(parts: Readonly<Record<string, Part>>): AnyObjective {
  const entries = Object.entries(parts);
  const each = <T>(batch: MixedBatch, of: (objective: AnyObjective, own: unknown) => Record<string, T>) =>
    Object.fromEntries(
      Object.entries(batch).flatMap(([part, { batch: own }]) =>
        Object.entries(of(parts[part].objective, own)).map(([term, value]) => [named(part, term), value] as const),
      ),
    );
  return {
    name: 'mixed',
    rows: 'tokens', // examples are made before the training: no row is read
    tasks: [...new Set(entries.flatMap(([, { objective }]) => objective.tasks))],
    weights: Object.fromEntries(
      entries.flatMap(([part, { objective, weight }]) =>
        Object.entries(objective.weights).map(([term, own]) => [named(part, term), own * weight]),
      ),
    ),
    example: (tagged: unknown) => tagged,
    lengthOf: ({ part, example }: Tagged) => parts[part].objective.lengthOf(example),
    batch(examples: readonly Tagged[], device: Device): MixedBatch {
      const batch: MixedBatch = {};
      for (const [part, { objective }] of entries) {
        const own = examples.filter(one => one.part === part).map(({ example }) => example);
        if (own.length > 0) batch[part] = { batch: objective.batch(own, device), rows: own.length };
      }
      return batch;
    },
    counts: (batch: MixedBatch): Counts => each(batch, (objective, own) => objective.counts(own)),
    means: (model, batch: MixedBatch): Means => each(batch, (objective, own) => objective.means(model, own)),
  };
}
