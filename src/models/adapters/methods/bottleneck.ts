/**
 * Bottleneck adapters (Houlsby et al. 2019) after layers. PEFT has none, so the file's keys are ours, in its manner; the library
 * `adapters` keeps its own otherwise.
 */
import { z } from 'zod';
import { type Activation, activations, Bottleneck, initNormal, initZeros, Linear } from '../../../nn/index.ts';
import { usageError } from '../../../support/errors.ts';
import type { Model } from '../../model.ts';
import { outputsOf } from '../places.ts';
import { layerKeys, type Method, numberedKeys } from './method.ts';

const schema = z.strictObject({
  ...layerKeys,
  ...numberedKeys,
  peft_type: z.literal('BOTTLENECK'),
  /** Width of the inside. */
  bottleneck_size: z.int().positive().default(64),
  non_linearity: z.enum(Object.keys(activations) as [Activation]).default('gelu'),
});

type BottleneckConfig = z.output<typeof schema>;

export const bottleneck: Method<BottleneckConfig> = {
  schema,
  /** Where the stream is added to: behind attention and behind the feed-forward network. */
  complete: (config, model: Model) => ({ target_modules: outputsOf(model), ...config }),
  adapt({ name, layer }, { bottleneck_size: size, non_linearity: activation }) {
    if (layer instanceof Linear) return new Bottleneck(layer, { size, activation });
    throw usageError(
      'TSLM_BAD_ADAPTER',
      `bottlenecks come after linear maps, and '${name}' is a table`,
      'leave it out',
    );
  },
  /** Near the identity (Houlsby et al. 2019, 2.1): the second map is zero. */
  start(adapter) {
    const { down, up } = adapter as Bottleneck;
    initNormal(down.weight, 0.02);
    for (const parameter of [down.bias!, up.weight, up.bias!]) initZeros(parameter);
  },
};
