/** Recorded learning rates: `values[i]` is that of step `i`, or of every `stride`-th one. */
import { z } from 'zod';
import { messageOf } from '../../support/errors.ts';
import { parseOptions } from '../../support/schema.ts';
import { createSchedule, type ScheduleOptions } from '../../train/schedules.ts';
import { type Check, compareNumbers, type Tolerance } from './compare.ts';

const schema = z.object({
  tolerance: z.object({ rtol: z.number(), atol: z.number() }).default({ rtol: 1e-9, atol: 1e-15 }),
  stride: z.int().positive().default(1),
  cases: z.array(
    z.object({
      name: z.string(),
      lr: z.number(),
      num_warmup_steps: z.int().nullable(),
      num_training_steps: z.int().nullable(),
      kwargs: z.record(z.string(), z.unknown()).default({}),
      values: z.array(z.number()),
    }),
  ),
});

type Case = z.output<typeof schema>['cases'][number];

const camelCase = (key: string): string => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

export function* verifySchedules(json: unknown, path: string): Generator<Check> {
  const { cases, tolerance, stride } = parseOptions(schema, json, path);
  for (const entry of cases) {
    const name = `${entry.name} ${JSON.stringify(entry.kwargs)}`;
    yield { section: 'schedule', name, quantity: 'learning rates', ...compare(entry, stride, tolerance) };
  }
}

function compare(entry: Case, stride: number, tolerance: Tolerance): Omit<Check, 'section' | 'name' | 'quantity'> {
  try {
    const schedule = createSchedule(optionsOf(entry));
    return compareNumbers(
      entry.values.map((_, i) => schedule(i * stride)),
      entry.values,
      tolerance,
    );
  } catch (error) {
    return { pass: false, note: messageOf(error) };
  }
}

/** The options as a caller here writes them; schedules without a warmup are not given one. */
const optionsOf = ({ name, lr, num_warmup_steps, num_training_steps, kwargs }: Case): ScheduleOptions =>
  ({
    name,
    lr,
    ...(num_warmup_steps && { numWarmupSteps: num_warmup_steps }),
    ...(num_training_steps !== null && { numTrainingSteps: num_training_steps }),
    ...Object.fromEntries(Object.entries(kwargs).map(([key, value]) => [camelCase(key), value])),
  }) as ScheduleOptions;
