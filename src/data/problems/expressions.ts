/**
 * Values of expressions modulo a small number, reduced one operation at a time: what a Transformer of constant depth cannot do in one
 * step, and does with a chain (Feng et al. 2023, "Towards Revealing the Mystery behind Chain of Thought").
 */
import type { Random } from '../../support/random.ts';
import type { ProblemTask } from './problem.ts';

const MODULUS = 10;
type Expression = number | { left: Expression; right: Expression; operator: '+' | '-' | '*' };

function drawExpression(random: Random, operators: number): Expression {
  if (operators === 0) return random.below(MODULUS);
  const left = random.below(operators);
  return {
    left: drawExpression(random, left),
    right: drawExpression(random, operators - 1 - left),
    operator: (['+', '-', '*'] as const)[random.below(3)],
  };
}

const show = (expression: Expression): string =>
  typeof expression === 'number'
    ? String(expression)
    : `(${show(expression.left)}${expression.operator}${show(expression.right)})`;

const apply = (left: number, right: number, operator: '+' | '-' | '*'): number => {
  const value = operator === '+' ? left + right : operator === '-' ? left - right : left * right;
  return ((value % MODULUS) + MODULUS) % MODULUS;
};

/** The leftmost operation whose both sides are numbers, carried out. */
function reduce(expression: Exclude<Expression, number>): { next: Expression; did: string } {
  const { left, right, operator } = expression;
  if (typeof left !== 'number') {
    const { next, did } = reduce(left);
    return { next: { left: next, right, operator }, did };
  }
  if (typeof right !== 'number') {
    const { next, did } = reduce(right);
    return { next: { left, right: next, operator }, did };
  }
  const value = apply(left, right, operator);
  return { next: value, did: `${left}${operator}${right}=${value}` };
}

export const expressions: ProblemTask = {
  description: 'the value of an expression modulo ten',
  size: { of: 'operators', default: 5, most: 32 },
  draw(random, size) {
    const whole = drawExpression(random, size);
    const steps: string[] = [];
    const detailed: string[] = [];
    let left = whole;
    while (typeof left !== 'number') {
      const { next, did } = reduce(left);
      left = next;
      steps.push(show(left));
      detailed.push(`${did}:${show(left)}`);
    }
    return { question: show(whole), answer: String(left), steps, detailed };
  },
};
