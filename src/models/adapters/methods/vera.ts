/** VeRA in PEFT's files: random matrices that all layers share are drawn from a key, and may be in the file as well. */
import { z } from 'zod';
import { emptyParameter, Linear, Vera } from '../../../nn/index.ts';
import { initConstant, initZeros } from '../../../nn/init.ts';
import { usageError } from '../../../support/errors.ts';
import { Generator, noGrad, scope } from '../../../torch/index.ts';
import { layerKeys, type Method, numberedKeys, orientation, type SharedParameter } from './method.ts';

const schema = z.strictObject({
  ...layerKeys,
  ...numberedKeys,
  peft_type: z.literal('VERA'),
  r: z.int().positive().default(256),
  projection_prng_key: z.int().min(0).default(0),
  save_projection: z.boolean().default(true),
  vera_dropout: z.number().min(0).max(1).default(0),
  d_initial: z.number().default(0.1),
  bias: z.enum(['none', 'all', 'vera_only']).default('none'),
  init_weights: z.boolean().default(true),
  fan_in_fan_out: orientation,
});

type VeraConfig = z.output<typeof schema>;

const linear = (layer: unknown, name: string): Linear => {
  if (layer instanceof Linear) return layer;
  throw usageError('TSLM_BAD_ADAPTER', `VeRA adapts linear maps, and '${name}' is a table`, 'leave it out');
};

export const vera: Method<VeraConfig> = {
  schema,
  complete: config => ({ target_modules: 'all-linear', ...config }),
  share(targets, { r }) {
    const layers = targets.map(({ layer, name }) => linear(layer, name));
    const widest = (side: 'inFeatures' | 'outFeatures'): number => Math.max(...layers.map(layer => layer[side]));
    return [
      { key: 'base_model.vera_A', parameter: emptyParameter([r, widest('inFeatures')]) },
      { key: 'base_model.vera_B', parameter: emptyParameter([widest('outFeatures'), r]) },
    ];
  },
  adapt: ({ layer, name }, { vera_dropout: dropout }, [down, up]) =>
    new Vera(linear(layer, name), { down: down.parameter, up: up.parameter }, { dropout }),
  start(adapter, _, config) {
    const { inner, outer } = adapter as Vera;
    initConstant(inner, config.d_initial);
    initZeros(outer);
  },
  /** He et al. 2015 with the width of the input, as PEFT draws it: √(6 / width). */
  startShared(shared: readonly SharedParameter[], { projection_prng_key: key }) {
    using generator = new Generator(key);
    for (const { parameter } of shared) {
      const limit = Math.sqrt(3) * (Math.sqrt(2) / Math.sqrt(parameter.size(1)));
      scope(() => {
        noGrad(() => parameter.uniform_({ from: -limit, to: limit, generator }));
      });
    }
  },
};
