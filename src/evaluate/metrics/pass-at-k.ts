/** How often one of k answers would pass, estimated without bias from n of which c do (Chen et al. 2021, arXiv:2107.03374). */
import { usageError } from '../../support/errors.ts';

/** 1 − C(n − c, k) / C(n, k) */
export function passAtK(n: number, correct: number, k: number): number {
  if (!(k >= 1 && k <= n))
    throw usageError('TSLM_BAD_VALUE', `pass@${k} of ${n} answers`, 'k is to be between 1 and the number of answers');
  if (n - correct < k) return 1;
  let none = 1;
  for (let i = n - correct + 1; i <= n; i++) none *= 1 - k / i;
  return 1 - none;
}
