/** The normalisation that a layer's options ask for. */
import { LayerNorm } from './layer-norm.ts';
import { RMSNorm } from './rms-norm.ts';

export interface NormOptions {
  /** `gemma`: RMS with the weight stored less one. */
  kind: 'layer' | 'rms' | 'gemma';
  eps: number;
}

export type Norm = LayerNorm | RMSNorm;

export const createNorm = (dim: number, { kind, eps }: NormOptions): Norm =>
  kind === 'layer' ? new LayerNorm(dim, { eps }) : new RMSNorm(dim, { eps, offset: kind === 'gemma' });
