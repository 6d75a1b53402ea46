/** Keys of config.json that a family does not know: passed over with a warning, as Transformers does without one. */
import { UserError } from '../../support/errors.ts';
import { nearest } from '../../support/nearest.ts';
import { warn } from '../../support/warnings.ts';

/** Keys that every loader of Transformers heeds, and what it is that is not supported. */
const NOT_SUPPORTED: Readonly<Record<string, string>> = {
  quantization_config: 'quantized weights are',
  compression_config: 'compressed weights are',
};

/**
 * Warns of a key that nothing comes of; null says nothing.
 *
 * @param known keys that mean something here
 * @throws UserError when the key changes what is computed
 */
export function passOver(key: string, value: unknown, known: readonly string[], where: string): void {
  if (value === null || value === undefined) return;
  if (Object.hasOwn(NOT_SUPPORTED, key)) {
    throw new UserError('TSLM_NOT_SUPPORTED', `${where}: '${key}': ${NOT_SUPPORTED[key]} not supported yet`, {
      hint: 'use the weights as they were before, in float32, float16 or bfloat16',
    });
  }
  const guess = nearest(key, known);
  warn(`${where}: unknown key '${key}' has no effect${guess === undefined ? '' : `; did you mean '${guess}'?`}`);
}
