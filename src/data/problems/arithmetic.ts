/**
 * Sums, differences and products. A chain works as one does by hand: from the last digit, with what is carried (Nye et al. 2021);
 * answers may also be reversed, which alone makes a sum learnable digit by digit (Lee et al. 2023, "Teaching Arithmetic to Small
 * Transformers").
 */
import { drawNumber, type ProblemTask } from './problem.ts';

const digitsOf = (value: number, width: number): number[] =>
  [...String(value).padStart(width, '0')].map(Number).reverse();

/** `digit carry` of each column from the last: `57+68` gives 5 carry 1, 2 carry 1. */
function columns(a: number, b: number, width: number): { x: number; y: number; digit: number; carry: number }[] {
  let carry = 0;
  const [left, right] = [digitsOf(a, width), digitsOf(b, width)];
  return left.map((x, i) => {
    const sum = x + right[i] + carry;
    carry = sum >= 10 ? 1 : 0;
    return { x, y: right[i], digit: sum % 10, carry };
  });
}

export const addition: ProblemTask = {
  description: 'the sum of two numbers',
  size: { of: 'digits of each', default: 3, most: 15 },
  reversible: true,
  draw(random, size) {
    const [a, b] = [drawNumber(random, size), drawNumber(random, size)];
    const parts = columns(a, b, size);
    return {
      question: `${a}+${b}`,
      answer: String(a + b),
      steps: parts.map(({ digit, carry }) => `${digit}${carry}`),
      detailed: parts.map(
        ({ x, y, digit, carry }, i) => `${x}+${y}+${i === 0 ? 0 : parts[i - 1].carry}=${digit}c${carry}`,
      ),
    };
  },
};

/** The larger number first, so that no answer is negative. */
export const subtraction: ProblemTask = {
  description: 'the difference of two numbers, not below zero',
  size: { of: 'digits of each', default: 3, most: 15 },
  reversible: true,
  draw(random, size) {
    const [x, y] = [drawNumber(random, size), drawNumber(random, size)];
    const [a, b] = x >= y ? [x, y] : [y, x];
    let borrow = 0;
    const [left, right] = [digitsOf(a, size), digitsOf(b, size)];
    const parts = left.map((digit, i) => {
      const before = borrow;
      const difference = digit - right[i] - borrow;
      borrow = difference < 0 ? 1 : 0;
      return { upper: digit, lower: right[i], before, digit: (difference + 10) % 10, borrow };
    });
    return {
      question: `${a}-${b}`,
      answer: String(a - b),
      steps: parts.map(part => `${part.digit}${part.borrow}`),
      detailed: parts.map(part => `${part.upper}-${part.lower}-${part.before}=${part.digit}b${part.borrow}`),
    };
  },
};

/** A partial product for each digit of the second number, and the running sum, as on paper. */
export const multiplication: ProblemTask = {
  description: 'the product of two numbers',
  size: { of: 'digits of each', default: 2, most: 7 },
  reversible: true,
  draw(random, size) {
    const [a, b] = [drawNumber(random, size), drawNumber(random, size)];
    let sum = 0;
    const parts = digitsOf(b, size).map((digit, i) => {
      const part = a * digit * 10 ** i;
      const before = sum;
      sum += part;
      return { digit, part, before, sum };
    });
    return {
      question: `${a}*${b}`,
      answer: String(a * b),
      steps: parts.map(({ part, sum }, i) => (i === 0 ? String(part) : `${part}=${sum}`)),
      detailed: parts.flatMap(({ digit, part, before }, i) => [
        `${a}*${digit}${'0'.repeat(i)}=${part}`,
        ...(i === 0 ? [] : [...columns(before, part, 2 * size).map(({ digit, carry }) => `${digit}${carry}`)]),
      ]),
    };
  },
};
