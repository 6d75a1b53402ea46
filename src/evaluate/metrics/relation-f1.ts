/**
 * F1 of relations between two marked nouns as SemEval-2010 task 8 scores them (Hendrickx et al. 2010): labels are `Cause-Effect(e1,e2)`,
 * a relation counts where type and direction are right, both directions of a type are one class, and the mean is over all
 * types but `Other`.
 */
import { type Counts, reportOf } from './f1.ts';

const RELATION = /^(.+)\(e[12],e[12]\)$/;
const OTHER = 'Other';

export const areRelations = (labels: readonly string[]): boolean =>
  labels.some(label => RELATION.test(label)) && labels.every(label => label === OTHER || RELATION.test(label));

export function relationF1(truth: readonly string[], predicted: readonly string[]): number {
  const typeOf = (label: string): string => RELATION.exec(label)?.[1] ?? OTHER;
  const counts = new Map<string, Counts>();
  const add = (label: string, key: keyof Counts): void => {
    const own = counts.get(typeOf(label)) ?? { right: 0, predicted: 0, there: 0 };
    counts.set(typeOf(label), { ...own, [key]: own[key] + 1 });
  };
  for (const [i, label] of truth.entries()) {
    add(label, 'there');
    add(predicted[i], 'predicted');
    if (label === predicted[i]) add(label, 'right');
  }
  counts.delete(OTHER);
  return reportOf([...counts.keys()], [...counts.values()]).macro.f1;
}
