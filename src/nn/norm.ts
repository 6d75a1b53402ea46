/** The normalisation that a layer's options ask for. */
import { LayerNorm } from './layer-norm.ts';
import { RMSNorm } from './rms-norm.ts';

export interface NormOptions {
  /** `gemma`: RMS with the weight stored less one. */
  kind: 'layer' | 'rms' | 'gemma';
  eps: number;
  /** `layer`: something is added at the end. Default true. */
  bias?: boolean;
}

/** A normalization over the last dimension. */
export type Norm = LayerNorm | RMSNorm;

/** Makes a layer norm or an RMS norm. */
export const createNorm = (dim: number, { kind, eps, bias }: NormOptions): Norm =>
  kind === 'layer' ? new LayerNorm(dim, { eps, bias }) : new RMSNorm(dim, { eps, offset: kind === 'gemma' });
