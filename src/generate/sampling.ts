/** Choosing the next token from a row of logits: [vocabulary]. Sums are float64; minus infinity is probability 0. */
import { UserError } from '../support/errors.ts';
import type { Random } from '../support/random.ts';

/** The most probable token, the first of several. Throws when a logit is NaN or no token is allowed. */
export function argmax(logits: Float32Array): number {
  let best = 0;
  let hasNaN = false;
  for (let i = 0; i < logits.length; i++) {
    const x = logits[i];
    if (x > logits[best]) best = i;
    else if (Number.isNaN(x)) hasNaN = true;
  }
  if (hasNaN) throw notANumber();
  if (!(logits[best] > Number.NEGATIVE_INFINITY)) throw nothingAllowed();
  return best;
}

/** Softmax into `probabilities`, which is returned. Throws when a logit is NaN or +∞, or no token is allowed. */
export function softmax(
  logits: Float32Array,
  probabilities: Float64Array = new Float64Array(logits.length),
): Float64Array {
  const total = exponentials(logits, probabilities);
  for (let i = 0; i < logits.length; i++) probabilities[i] /= total;
  return probabilities;
}

/** The next token: drawn, or the most probable one. Throws as `softmax`. */
export const chooseToken = (logits: Float32Array, doSample: boolean, random: Random): number =>
  doSample ? multinomial(logits, random) : argmax(logits);

let weights = new Float64Array(0);

/** Draws a token from softmax(logits): one number of the generator, inverted through the running sum. Throws as `softmax`. */
export function multinomial(logits: Float32Array, random: Random): number {
  if (weights.length !== logits.length) weights = new Float64Array(logits.length);
  return drawIndex(weights, exponentials(logits, weights), random);
}

/** Draws an index with probability weights[i] / total. */
export function drawIndex(weights: Float64Array, total: number, random: Random): number {
  let remaining = random.next() * total;
  let chosen = 0;
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue;
    chosen = i;
    remaining -= weights[i];
    // Rounding may leave a rest after the last token; then that one is chosen.
    if (remaining < 0) break;
  }
  return chosen;
}

/** The natural logarithm of the probability of token `id` under softmax(logits). Throws as `softmax`. */
export function logProbability(logits: Float32Array, id: number): number {
  const max = checkedMaximum(logits);
  let total = 0;
  for (let i = 0; i < logits.length; i++) {
    if (logits[i] !== Number.NEGATIVE_INFINITY) total += Math.exp(logits[i] - max);
  }
  return logits[id] - max - Math.log(total);
}

/** Log-softmax in place. NaN and +∞ make the whole row NaN. */
export function logSoftmax(logits: Float32Array): Float32Array {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) max = Math.max(max, logits[i]);
  let total = 0;
  for (let i = 0; i < logits.length; i++) total += Math.exp(logits[i] - max);
  const logTotal = max + Math.log(total);
  for (let i = 0; i < logits.length; i++) logits[i] -= logTotal;
  return logits;
}

/** exp(logit − max) into `out`; returns the sum. */
function exponentials(logits: Float32Array, out: Float64Array): number {
  const max = checkedMaximum(logits);
  let total = 0;
  for (let i = 0; i < logits.length; i++) {
    const x = logits[i];
    // Most of a filtered row is forbidden, and exp is the expensive part.
    const weight = x === Number.NEGATIVE_INFINITY ? 0 : Math.exp(x - max);
    out[i] = weight;
    total += weight;
  }
  return total;
}

function checkedMaximum(logits: Float32Array): number {
  const max = logits[argmax(logits)];
  if (max === Number.POSITIVE_INFINITY) throw notANumber();
  return max;
}

export const notANumber = (): UserError =>
  new UserError('TSLM_NAN_LOGITS', 'the logits hold NaN or infinity', {
    hint: 'the weights are damaged, training diverged, or a half-precision type overflowed; float32 may help',
  });

export const nothingAllowed = (): UserError =>
  new UserError('TSLM_NO_ALLOWED_TOKEN', 'the generation options forbid every token', {
    hint: 'loosen badWordsIds, suppressTokens, noRepeatNgramSize or minNewTokens',
  });
