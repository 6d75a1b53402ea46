/** What config.json says of rotary positions, in the style of Transformers 4 (`rope_theta`, `rope_scaling`) and 5 (`rope_parameters`). */
import { z } from 'zod';
import { type Rotary, rotaryFrequencies } from '../nn/index.ts';

const parameters = z.looseObject({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  rope_theta: z.number().positive().optional(),
});

export const ropeConfig = {
  rope_theta: z.number().positive().optional(),
  rope_scaling: parameters.nullish(),
  rope_parameters: parameters.nullish(),
};

interface RopeConfig {
  rope_theta?: number;
  rope_scaling?: z.output<typeof parameters> | null;
  rope_parameters?: z.output<typeof parameters> | null;
}

export function rotaryOf(config: RopeConfig, dim: number): Rotary {
  const given = config.rope_parameters ?? config.rope_scaling ?? {};
  const theta = given.rope_theta ?? config.rope_theta ?? 10_000;
  const frequencies = rotaryFrequencies(theta, dim);
  return { dim, inverseFrequencies: () => frequencies };
}
