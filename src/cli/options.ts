/** Parsers of option values that several commands share. */
import { InvalidArgumentError, Option } from 'commander';
import type { InferenceType } from '../models/load-for-inference.ts';
import type { DType } from '../torch/index.ts';

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('expected a whole number above 0.');
  return value;
}

export function nonNegativeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('expected a whole number, 0 or more.');
  return value;
}

export function positiveNumber(text: string): number {
  const value = number(text);
  if (value <= 0) throw new InvalidArgumentError('expected a number above 0.');
  return value;
}

export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('expected a number.');
  return value;
}

export const PRECISIONS = ['float32', 'bf16'] as const;
export const dtypeOf = (precision: (typeof PRECISIONS)[number]): DType =>
  precision === 'bf16' ? 'bfloat16' : 'float32';

/** Of models that are used and not trained. */
export const WEIGHT_TYPES = [...PRECISIONS, 'int8'] as const;
export type WeightTypeName = (typeof WEIGHT_TYPES)[number];
export const weightTypeOf = (type: WeightTypeName): DType => (type === 'int8' ? type : dtypeOf(type));
const INFERENCE_TYPES = ['auto', ...WEIGHT_TYPES] as const;
export type InferenceTypeName = (typeof INFERENCE_TYPES)[number];
export const inferenceTypeOf = (type: InferenceTypeName): InferenceType =>
  type === 'auto' ? type : weightTypeOf(type);

export const inferenceTypeOption = (): Option =>
  new Option('--dtype <type>', 'of the weights; auto: bf16 for decoders where tslm has products for this processor')
    .choices(INFERENCE_TYPES)
    .default('auto');

/** Values of an option that may be given several times. (One that takes several values would swallow arguments.) */
export const collect = (value: string, before: string[] = []): string[] => [...before, value];
