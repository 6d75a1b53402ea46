/** What needs no model: how often a guess is right, and how often the answer that is right most often. */
import { mean } from '../statistics/means.ts';
import type { Floors, Sample } from './evaluation-result.ts';
import { choicesOf } from './fields.ts';
import { pythonStr } from './python-literals.ts';
import { goldOf } from './scores.ts';
import type { Task } from './task.ts';

/** @param samples one for each document */
export function floorsOf(task: Task, samples: readonly Sample[]): Floors {
  const { output_type: type } = task.config;
  // What is right is then decided by a function.
  if (samples.length === 0 || task.twins?.results) return {};
  if (type === 'multiple_choice') {
    const gold = samples.map(({ doc }) => {
      const choices = choicesOf(task, doc, task.name);
      return { right: goldOf(task, doc, choices, task.name), count: choices.length };
    });
    return {
      chance: mean(gold.map(({ right, count }) => right.length / count)),
      majority: mostFrequentShare(gold.map(({ right }) => right)),
    };
  }
  if (type !== 'generate_until' && type !== 'loglikelihood') return {};
  return { majority: mostFrequentShare(samples.map(({ target }) => [target].flat().map(pythonStr))) };
}

function mostFrequentShare(answers: readonly (readonly unknown[])[]): number {
  const counts = new Map<unknown, number>();
  for (const right of answers) for (const one of new Set(right)) counts.set(one, (counts.get(one) ?? 0) + 1);
  return Math.max(...counts.values()) / answers.length;
}
