/** Two prompts on the same rows: who is right where the other is wrong (McNemar 1947), and what each costs. */
import { compareItems, type ItemComparison } from '../../evaluate/compare/compare-items.ts';
import type { PromptScore } from './evaluate-prompt.ts';

export interface PromptComparison extends ItemComparison {
  /** In words. */
  sentence: string;
}

export function comparePrompts(
  [nameA, a]: readonly [string, PromptScore],
  [nameB, b]: readonly [string, PromptScore],
): PromptComparison {
  const right = ({ cases }: PromptScore): number[] => cases.map(({ isRight }) => Number(isRight));
  const items = compareItems(right(a), right(b), 'mean');
  const [better, worse] = items.difference > 0 ? [nameA, nameB] : [nameB, nameA];
  const p = items.p < 0.0001 ? 'p < 0.0001' : `p = ${items.p.toFixed(4)}`;
  const sentence =
    items.p < 0.05
      ? `${better} is better than ${worse} on these ${items.items} rows (exact McNemar, ${p}).`
      : `These ${items.items} rows do not tell ${nameA} and ${nameB} apart (exact McNemar, ${p}).`;
  return { ...items, sentence };
}
