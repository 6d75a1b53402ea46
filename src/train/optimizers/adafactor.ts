/**
 * Adafactor (Shazeer & Stern 2018, arXiv:1804.04235): Adam whose second moments of a matrix are a row and a column, the
 * means along the other dimension, so that the state of a matrix n × m has n + m numbers. Options are those of Hugging
 * Face's `Adafactor`; what is kept has its names.
 */
import { type Tensor, zeros } from '../../torch/index.ts';
import type { NamedParameters, Optimizer } from './optimizer.ts';
import { type DecayOptions, perParameter, type Update } from './per-parameter.ts';

export interface AdafactorOptions extends DecayOptions {
  /** Added to squared gradients. Default 1e-30. */
  eps1?: number;
  /** Least size that a parameter counts with for `scaleParameter`. Default 1e-3. */
  eps2?: number;
  /** Largest root mean square of an update before the learning rate. Default 1. */
  clipThreshold?: number;
  /** The second moments' decay at step t is 1 − t^decayRate. Default −0.8. */
  decayRate?: number;
  /** Decay of a mean of updates, which costs as much memory as the weights. Default none. */
  beta1?: number;
  /** Updates are relative to the root mean square of their parameter. Default true. */
  scaleParameter?: boolean;
  /** The learning rate counts in units of min(0.01, 1/√t): 1 throughout is the paper's. Default false. */
  relativeStep?: boolean;
}

const KEYS = ['exp_avg_sq_row', 'exp_avg_sq_col', 'exp_avg_sq', 'exp_avg'];

/** Root mean square of all elements, a scalar. */
const rms = (x: Tensor): Tensor => x.vectorNorm().div(Math.sqrt(x.numel));

/** Adafactor (Shazeer & Stern 2018): squared gradients by row and column. */
export function adafactor(named: NamedParameters, options: AdafactorOptions = {}): Optimizer {
  const { eps1 = 1e-30, eps2 = 1e-3, clipThreshold = 1, decayRate = -0.8 } = options;
  const { beta1, scaleParameter = true, relativeStep = false } = options;
  return perParameter(named, options, KEYS, update => {
    const { parameter, gradient, lr, step, weightDecay, kept } = update;
    const beta2 = 1 - step ** decayRate;
    const size = relativeStep ? lr * Math.min(1e-2, 1 / Math.sqrt(step)) : lr;
    const rate = scaleParameter ? rms(parameter).clamp({ min: eps2 }).mul(size) : size;

    const normalized = inverseRoot(update, gradient.square().add_(eps1), beta2).mul_(gradient);
    const clipping = rms(normalized).div(clipThreshold).clamp({ min: 1 });
    let change = normalized.div(clipping).mul_(rate);
    if (beta1 !== undefined) {
      const mean = kept('exp_avg', () => zeros(parameter.shape, { device: parameter.device }));
      change = mean.mul_(beta1).add_(change, { alpha: 1 - beta1 });
    }
    if (weightDecay !== 0) parameter.sub_(parameter.mul(rate).mul_(weightDecay));
    parameter.sub_(change);
  });
}

/** 1/√v of the running second moments v, which take in `squares`; of a matrix by its rows and columns (algorithm 4). */
function inverseRoot({ parameter, kept }: Update, squares: Tensor, beta2: number): Tensor {
  const { device } = parameter;
  const running = (key: string, mean: Tensor): Tensor =>
    kept(key, () => zeros(mean.shape, { device }))
      .mul_(beta2)
      .add_(mean, { alpha: 1 - beta2 });
  if (parameter.dim < 2) return running('exp_avg_sq', squares).rsqrt();
  const rows = running('exp_avg_sq_row', squares.mean([-1]));
  const columns = running('exp_avg_sq_col', squares.mean([-2]));
  const relative = rows.div(rows.mean([-1], { keepdim: true }));
  return relative.rsqrt().unsqueeze(-1).mul(columns.rsqrt().unsqueeze(-2));
}
