/** Beta distributions with whole parameters, as votes have them. */

/** The probability that a share with the density Beta(a, b) is above one half: a sum of binomial terms. */
export function betaTail(a: number, b: number): number {
  // P(X > 1/2) = P(Binomial(a + b - 1, 1/2) < a), for whole a and b.
  const n = a + b - 1;
  let term = 0.5 ** n;
  let sum = 0;
  for (let k = 0; k < a; k++) {
    sum += term;
    term *= (n - k) / (k + 1);
  }
  return sum;
}
