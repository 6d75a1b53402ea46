/**
 * Examples of a prompt, chosen for a question: the first ones, drawn ones, those like the question (Liu et al. 2021,
 * arXiv:2101.06804) by BM25 or embeddings, like it and unlike each other, or as many of each label; within a budget of tokens.
 */
import { createRandom } from '../../support/random.ts';
import type { Completer } from '../completer.ts';
import type { Fields, Prompt } from '../program/signature.ts';
import { bm25 } from './bm25.ts';
import { maximalMarginalRelevance } from './mmr.ts';
import type { ExamplesOptions } from './options.ts';
import { vectorsOf } from './vectors.ts';

/** Chooses for one question; rows that ask the same are never its examples. */
export type Selector = (fields: Fields, signal?: AbortSignal) => Promise<Fields[]>;

export interface SelectorParts {
  prompt: Prompt;
  /** For budgets in tokens, and for embeddings. */
  completer?: Completer;
}

/** Where nothing says how many. */
const DEFAULT_COUNT = 8;

export function createSelector(
  pool: readonly Fields[],
  options: Omit<ExamplesOptions, 'rows' | 'file'>,
  { prompt, completer }: SelectorParts,
): Selector {
  const { select, budget, by, lambda, seed } = options;
  const count = options.count ?? (select === 'fixed' ? pool.length : DEFAULT_COUNT);
  if (count === 0 || budget === 0 || pool.length === 0) return async () => [];
  const questions = pool.map((row, i) => prompt.question(row, `example ${i + 1}`));
  const index = bm25(questions);
  let vectors: Promise<Float64Array[]> | undefined;

  /** Numbers of rows, the most wanted first. */
  async function order(question: string, open: readonly number[], signal?: AbortSignal): Promise<number[]> {
    const isOpen = new Set(open);
    if (select === 'fixed') return [...open];
    if (select === 'random') return shuffled(open, seed);
    if (select === 'balanced') return balanced(open);
    if (select === 'nearest' && by === 'bm25') {
      return index
        .search(question)
        .map(found => found.index)
        .filter(i => isOpen.has(i));
    }
    const all = await vectorsWith(question, signal);
    const found = maximalMarginalRelevance(
      all[0],
      open.map(i => all[i + 1]),
      { count: Math.min(count, open.length), lambda: select === 'nearest' ? 1 : lambda },
    );
    return found.map(i => open[i]);
  }

  /** Of the question, then of the examples; embeddings of these are made once. */
  async function vectorsWith(question: string, signal?: AbortSignal): Promise<Float64Array[]> {
    if (by === 'bm25') return vectorsOf([question, ...questions], 'bm25');
    vectors ??= vectorsOf(questions, 'embeddings', completer, signal);
    vectors.catch(() => {
      vectors = undefined; // an abort, perhaps: the next question tries again
    });
    return (await Promise.all([vectorsOf([question], 'embeddings', completer, signal), vectors])).flat();
  }

  /** Labels take turns, in the order in which they first come. */
  function balanced(open: readonly number[]): number[] {
    const byLabel = new Map<string, number[]>();
    for (const i of shuffled(open, seed)) {
      const label = options.label ? String(pool[i][options.label]) : (prompt.target(pool[i])?.key ?? '');
      byLabel.set(label, [...(byLabel.get(label) ?? []), i]);
    }
    const lists = [...byLabel.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, list]) => list);
    const longest = Math.max(...lists.map(list => list.length));
    return Array.from({ length: longest }, (_, turn) => lists.flatMap(list => list.slice(turn, turn + 1))).flat();
  }

  return async (fields, signal) => {
    const question = prompt.question(fields);
    const open = [...pool.keys()].filter(i => questions[i] !== question);
    const wanted = (await order(question, open, signal)).slice(0, count);
    const chosen: number[] = [];
    let left = budget ?? Number.POSITIVE_INFINITY;
    for (const i of wanted) {
      if (budget !== undefined) {
        const text = questions[i] + prompt.answer(pool[i]) + prompt.separator;
        left -= (await completer?.countTokens?.(text)) ?? Buffer.byteLength(text);
        if (left < 0) break;
      }
      chosen.push(i);
    }
    // What is most like the question stands next to it.
    const isNear = select === 'nearest' || select === 'mmr';
    return (isNear ? chosen.reverse() : chosen).map(i => pool[i]);
  };
}

function shuffled<T>(list: readonly T[], seed: number): T[] {
  const random = createRandom(seed);
  const own = [...list];
  for (let i = own.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [own[i], own[j]] = [own[j], own[i]];
  }
  return own;
}
