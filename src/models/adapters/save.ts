/** Writing an adapter in PEFT's format. */
import { join } from 'node:path';
import { Lora } from '../../nn/index.ts';
import { usageError } from '../../support/errors.ts';
import { writeJson } from '../../support/files.ts';
import { saveSafetensors, scope, type Tensor } from '../../torch/index.ts';
import type { Adapter } from './adapter.ts';
import { CONFIG_FILE } from './config.ts';
import { storedParameters, WEIGHTS_FILE } from './stored.ts';

/**
 * Writes an adapter as PEFT reads it. One that began as a part of the weights (PiSSA, OLoRA) is written as the LoRA of twice the
 * rank that does the same to the model as it was: [A; A₀] and [B, −B₀].
 *
 * @throws UserError when it is merged, or packed for inference
 */
export function saveAdapter(folder: string, adapter: Adapter): void {
  if (adapter.isMerged) throw usageError('TSLM_ADAPTER_MERGED', 'a merged adapter is part of its model', 'unmerge it');
  const stored = storedParameters(adapter);
  if (stored.some(({ parameter }) => parameter.device.startsWith('meta'))) {
    throw usageError('TSLM_PACKED', 'an adapter that is packed for inference cannot be saved', 'save it before');
  }
  // Weights that Transformers keeps as [in, out].
  const isTransposed = adapter.layers.some(({ transpose }) => transpose);
  const isConverted = adapter.layers.some(({ change }) => change instanceof Lora && change.hasStart);
  const config = isConverted ? doubledConfig(adapter.config) : adapter.config;
  const hasOrientation = adapter.layers.length > 0 && !['LOHA', 'BOTTLENECK'].includes(config.peft_type);
  writeJson(join(folder, CONFIG_FILE), { ...config, ...(hasOrientation && { fan_in_fan_out: isTransposed }) });
  scope(() => {
    const doubled = new Map<unknown, Tensor>();
    for (const { change } of adapter.layers) {
      if (!(change instanceof Lora && change.hasStart)) continue;
      const { down, up } = change.doubled();
      doubled.set(change.down.weight, down).set(change.up.weight, up);
    }
    saveSafetensors(
      join(folder, WEIGHTS_FILE),
      stored
        .filter(({ isTrained }) => isTrained || (adapter.config as { save_projection?: boolean }).save_projection)
        .map(({ key, parameter, transpose }) => {
          const tensor = (doubled.get(parameter) ?? parameter).detach();
          return [key, transpose ? tensor.t() : tensor];
        }),
    );
  });
}

/** The config of factors of twice the rank with the same scale: α / r, or α / √r. */
function doubledConfig<Config extends object>(config: Config): Config {
  const given = config as Config & {
    r: number;
    lora_alpha: number;
    use_rslora: boolean;
    rank_pattern?: Record<string, number> | null;
    alpha_pattern?: Record<string, number> | null;
  };
  const factor = given.use_rslora ? Math.SQRT2 : 2;
  const times = (pattern: Record<string, number> | null | undefined, by: number) =>
    pattern && Object.fromEntries(Object.entries(pattern).map(([name, value]) => [name, value * by]));
  return {
    ...given,
    r: given.r * 2,
    lora_alpha: given.lora_alpha * factor,
    rank_pattern: times(given.rank_pattern, 2),
    alpha_pattern: times(given.alpha_pattern, factor),
    init_lora_weights: true,
  };
}
