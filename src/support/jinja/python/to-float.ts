/** Python's conversion of numbers to floats. */
import { valueError } from '../errors.ts';

/** @throws TemplateError when the int is larger than any float */
export function toFloat(value: bigint | boolean | number): number {
  const float = Number(value);
  if (typeof value === 'bigint' && !Number.isFinite(float)) throw valueError('int too large to convert to float');
  return float;
}
