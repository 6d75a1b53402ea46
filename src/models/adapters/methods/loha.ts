/** LoHa in PEFT's files. */
import { z } from 'zod';
import { Linear, Loha } from '../../../nn/index.ts';
import { initUniform, initZeros } from '../../../nn/init.ts';
import { usageError } from '../../../support/errors.ts';
import { regex } from '../targets.ts';
import { layerKeys, type Method, numberedKeys, perModule } from './method.ts';

const noDropout = z.literal(0, { error: 'is not supported; only 0 is' }).default(0);

const schema = z.strictObject({
  ...layerKeys,
  ...numberedKeys,
  peft_type: z.literal('LOHA'),
  r: z.int().positive().default(8),
  alpha: z.number().positive().default(8),
  rank_pattern: perModule,
  alpha_pattern: perModule,
  rank_dropout: noDropout,
  module_dropout: noDropout,
  init_weights: z.boolean().default(true),
  /** Of convolutions, which are not adapted. */
  use_effective_conv2d: z.boolean().default(false),
});

type LohaConfig = z.output<typeof schema>;

const valueFor = (name: string, patterns: LohaConfig['rank_pattern'], key: string): number | undefined =>
  Object.entries(patterns ?? {}).find(([pattern]) => regex(`^(.*\\.)?(${pattern})$`, key).test(name))?.[1];

export const loha: Method<LohaConfig> = {
  schema,
  complete: config => ({ target_modules: 'all-linear', ...config }),
  adapt({ name, layer }, config) {
    if (!(layer instanceof Linear)) {
      throw usageError('TSLM_BAD_ADAPTER', `LoHa adapts linear maps, and '${name}' is a table`, 'leave it out');
    }
    const rank = valueFor(name, config.rank_pattern, 'rank_pattern') ?? config.r;
    const alpha = valueFor(name, config.alpha_pattern, 'alpha_pattern') ?? config.alpha;
    return new Loha(layer, { rank, scale: alpha / rank });
  },
  start(adapter) {
    const [a1, b1, a2, b2] = (adapter as Loha).factors;
    // As PEFT draws them (He et al. 2015), and B₂ zero.
    for (const factor of [a1, b1, a2]) initUniform(factor, 1 / Math.sqrt(factor.size(1)));
    initZeros(b2);
  },
};
