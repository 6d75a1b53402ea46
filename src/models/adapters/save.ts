import { join } from 'node:path';
import { usageError } from '../../support/errors.ts';
import { writeJson } from '../../support/files.ts';
import { saveSafetensors, scope } from '../../torch/index.ts';
import type { Adapter } from './adapter.ts';
import { CONFIG_FILE } from './config.ts';
import { KEY_PREFIX, storedParameters, WEIGHTS_FILE } from './stored.ts';

/**
 * Writes an adapter as PEFT reads it.
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
  const isTransposed = adapter.deltas.some(({ transpose }) => transpose);
  writeJson(join(folder, CONFIG_FILE), { ...adapter.config, fan_in_fan_out: isTransposed });
  scope(() =>
    saveSafetensors(
      join(folder, WEIGHTS_FILE),
      stored.map(({ key, parameter, transpose }) => [
        KEY_PREFIX + key,
        transpose ? parameter.detach().t() : parameter.detach(),
      ]),
    ),
  );
}
