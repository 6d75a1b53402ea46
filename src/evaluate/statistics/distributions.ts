/** The normal, Student's t and beta distributions, by their series and continued fractions (Abramowitz & Stegun 1964). */

/** ln Γ(x) for x > 0, by Lanczos' approximation. */
function logGamma(x: number): number {
  const coefficients = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const shifted = x - 1;
  const t = shifted + 7.5;
  const sum = coefficients.reduce((total, c, i) => (i === 0 ? c : total + c / (shifted + i)), 0);
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(sum);
}

/** Regularized incomplete beta function I_x(a, b). */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x));
  // The continued fraction is quick on this side of the mean.
  return x < (a + 1) / (a + b + 2) ? (front * betaFraction(x, a, b)) / a : 1 - (front * betaFraction(1 - x, b, a)) / b;
}

/** By Lentz' method. */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const away = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m < 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    result *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return result;
}

/** Probability beyond z of a standard normal variable. */
export function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z);
  const x = (z * z) / 2;
  // erfc by a series near 0, by a continued fraction further out.
  if (z < 2) {
    let [term, sum] = [1, 1];
    for (let n = 1; n < 200 && term > sum * 1e-18; n++) {
      term *= x / (n + 0.5);
      sum += term;
    }
    return 0.5 - (z / Math.sqrt(2 * Math.PI)) * Math.exp(-x) * sum;
  }
  let fraction = 0;
  for (let n = 200; n > 0; n--) fraction = n / (z + fraction);
  return Math.exp(-x) / Math.sqrt(2 * Math.PI) / (z + fraction);
}

/** The z that a standard normal variable stays below with probability p. */
export const normalQuantile = (p: number): number => solve(z => 1 - normalTail(z), p, -40, 40);

/** Probability beyond t, and as far on the other side, of Student's distribution. */
export const tTwoSided = (t: number, df: number): number => incompleteBeta(df / (df + t * t), df / 2, 0.5);

/** The t that is exceeded on both sides together with probability `alpha`. */
export const tCritical = (alpha: number, df: number): number => solve(t => 1 - tTwoSided(t, df), 1 - alpha, 0, 1e6);

/** The x that a beta variable stays below with probability p. */
export const betaQuantile = (p: number, a: number, b: number): number => solve(x => incompleteBeta(x, a, b), p, 0, 1);

/** Beyond x, of χ² with one degree of freedom. */
export const chiSquareTail = (x: number): number => 2 * normalTail(Math.sqrt(x));

/** Where a rising function reaches `target`, by halving. */
function solve(rising: (x: number) => number, target: number, from: number, to: number): number {
  let [low, high] = [from, to];
  for (let i = 0; i < 200 && high > low; i++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (rising(middle) < target) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
