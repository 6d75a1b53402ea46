/**
 * Which candidates are tried, and which is the best: bootstrapped few-shot with random search (16 candidates; Khattab et al. 2023),
 * a search over instructions and sets of examples together by a tree-structured Parzen estimator on minibatches, with whole
 * evaluations of the best so far (MIPROv2; Opsahl-Ong et al. 2024, arXiv:2406.11695), and reflection (gepa.ts).
 */
import { tpeSampler } from '../../evaluate/search/samplers.ts';
import type { Space } from '../../evaluate/search/space.ts';
import type { Trial } from '../../evaluate/search/trial.ts';
import { randomFor } from '../../support/random.ts';
import type { Fields } from '../program/signature.ts';
import { type Candidate, labelled } from './candidates.ts';
import { gepa } from './gepa.ts';
import type { Search } from './search.ts';

const labelledSearch: Search = async (bench, { rows, seed, labelled: count }) => {
  await bench.score({ examples: labelled(rows, count, randomFor(seed, 1, 0)) }, `${count} labelled rows`);
};

const bootstrapSearch: Search = async (bench, { bootstrapped, labelled: most }) => {
  await bench.score({ examples: await bench.bootstrap(0, { bootstrapped, labelled: most }) }, 'bootstrapped');
};

const randomSearch: Search = async (bench, options) => {
  const { seed, trials, bootstrapped } = options;
  await labelledSearch(bench, options);
  await bootstrapSearch(bench, options);
  for (let i = 2; i < trials; i++) {
    const size = 1 + randomFor(seed, 2, i).below(bootstrapped);
    const examples = await bench.bootstrap(i, { bootstrapped: size, labelled: options.labelled });
    await bench.score({ examples }, `${size} bootstrapped, draw ${i}`);
  }
};

/** Minibatches between two evaluations on all rows. */
const WHOLE_EVERY = 5;

const mipro: Search = async (bench, options) => {
  const { seed, trials, bootstrapped, labelled: most, minibatch, own, rows } = options;
  const sets: (readonly Fields[])[] = [own, [], labelled(rows, most, randomFor(seed, 1, 0))];
  const wanted = Math.max(2, Math.ceil(trials / 3));
  for (let i = 0; i < wanted; i++) sets.push(await bench.bootstrap(i, { bootstrapped, labelled: most }));
  const instructions = await bench.instructions(Math.max(4, wanted));
  const space: Space = {
    instruction: { distribution: { kind: 'choice', choices: instructions.map((_, i) => i) } },
    examples: { distribution: { kind: 'choice', choices: sets.map((_, i) => i) } },
  };
  const startup = Math.min(6, Math.ceil(trials / 2));
  const sampler = tpeSampler(space, { seed, direction: 'maximize', startup });
  const done: Trial[] = [];
  const seen = new Map<string, { candidate: Candidate; scores: number[]; isWhole: boolean }>();
  const evaluateBest = async (): Promise<void> => {
    const mean = ({ scores }: { scores: number[] }): number =>
      scores.reduce((sum, one) => sum + one, 0) / scores.length;
    const open = [...seen.values()].filter(({ isWhole }) => !isWhole).sort((a, b) => mean(b) - mean(a));
    if (open.length === 0) return;
    open[0].isWhole = true;
    await bench.score(open[0].candidate, 'the best on minibatches');
  };
  for (let number = 0; number < trials; number++) {
    const values = sampler(number, done)!;
    const [instruction, examples] = [Number(values.instruction), Number(values.examples)];
    const candidate: Candidate = { instruction: instructions[instruction], examples: sets[examples] };
    const note = `instruction ${instruction}, examples ${examples}`;
    const value = await bench.score(candidate, note, minibatch);
    done.push({ number, values, state: 'complete', value, reports: new Map() });
    const key = JSON.stringify(values);
    const known = seen.get(key) ?? { candidate, scores: [], isWhole: false };
    known.scores.push(value);
    seen.set(key, known);
    if ((number + 1) % WHOLE_EVERY === 0) await evaluateBest();
  }
  await evaluateBest();
};

export const SEARCHES = {
  labelled: labelledSearch,
  bootstrap: bootstrapSearch,
  'random-search': randomSearch,
  mipro,
  gepa,
} as const;
export type SearchName = keyof typeof SEARCHES;
