/** The part of a head that scores words. */
import type { Head, Model, Task } from '../model.ts';
import { PretrainingHead } from './sentence-pair.ts';

const wordTasks: readonly Task[] = ['causalLM', 'maskedLM', 'seq2seqLM'];

/** The head that scores words, by itself where it has a companion in pre-training; undefined where there is none. */
export function wordHeadOf({ head, task }: Model): Head | undefined {
  if (head instanceof PretrainingHead) return head.predictions;
  return wordTasks.includes(task) ? head : undefined;
}
