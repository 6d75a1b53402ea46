/** Initial values of parameters, drawn from the default generator. */
import { noGrad, scope, tensor } from '../torch/index.ts';
import type { Parameter } from './module.ts';

/** Fills a parameter from a normal distribution. */
export const initNormal = (parameter: Parameter, std: number, mean = 0): void =>
  fill(() => parameter.normal_({ mean, std }));
/**
 * N(0, std²) without what is further than `cutoff`·std from 0.
 *
 * @param cutoff default 2
 */
export const initTruncatedNormal = (parameter: Parameter, std: number, cutoff = 2): void =>
  fill(() => {
    // The inverse of the distribution function, at places between its values at −cutoff and cutoff.
    const limit = tensor(cutoff / Math.SQRT2, { dtype: 'float64' })
      .erf()
      .item();
    parameter.uniform_({ from: -limit, to: limit }).erfinv_();
    parameter.mul_(Math.SQRT2 * std).clamp_({ min: -cutoff * std, max: cutoff * std });
  });
/** Between −limit and limit. */
export const initUniform = (parameter: Parameter, limit: number): void =>
  fill(() => parameter.uniform_({ from: -limit, to: limit }));
/** @param row of a table; default all of it */
export const initZeros = (parameter: Parameter, row?: number): void =>
  fill(() => (row === undefined ? parameter : parameter.select(0, row)).zero_());
export const initConstant = (parameter: Parameter, value: number): void => fill(() => parameter.fill_(value));
/** Fills a parameter with ones. */
export const initOnes = (parameter: Parameter): void => fill(() => parameter.fill_(1));

const fill = (body: () => unknown): void =>
  scope(() => {
    noGrad(body);
  });
