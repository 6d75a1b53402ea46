/** Examples as sequences of tokens, each with what of it is learnt: for people to look at. */
import type { Answer } from './answers.ts';
import type { PairExample } from './dpo.ts';
import type { InstructionExample } from './instruction.ts';
import type { FeedbackExample } from './kto.ts';

export interface MarkedSequence {
  /** What it is of its example: `chosen`. */
  name?: string;
  ids: Uint32Array;
  isTarget(position: number): boolean;
}

/** The sequences of an example; undefined for examples that are none of conversations. */
export function markedSequences(example: object): MarkedSequence[] | undefined {
  if ('labels' in example && 'ids' in example) {
    const { ids, labels } = example as InstructionExample;
    return [{ ids, isTarget: t => t > 0 && labels[t] >= 0 }];
  }
  if ('chosen' in example) {
    const { chosen, rejected } = example as PairExample;
    return [marked('chosen', chosen), marked('rejected', rejected)];
  }
  if ('answer' in example) {
    const { answer, isGood } = example as FeedbackExample;
    return [marked(isGood ? 'good' : 'bad', answer)];
  }
  return undefined;
}

const marked = (name: string, { ids, prompt }: Answer): MarkedSequence => ({ name, ids, isTarget: t => t >= prompt });
