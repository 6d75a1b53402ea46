/**
 * Tree of thoughts (Yao et al. 2023, arXiv:2305.10601): thoughts are lines of a solution; several are made of each state, valued, and
 * the best go on. bfs keeps the best `select` of each depth; beam the same by the sum of values along the way; dfs goes on with the
 * best and comes back from states below `threshold`.
 */
import { z } from 'zod';
import type { Problem } from '../program/problem.ts';
import type { Chain, Session } from './session.ts';
import { draw, type Found, strategy } from './strategy.ts';
import { nextThoughts, type Thought, thoughtOptions, valuesOf } from './thoughts.ts';
import type { TreeNode } from './tree-node.ts';
import { countVotes } from './votes.ts';

const options = z.strictObject({
  ...thoughtOptions,
  search: z.enum(['bfs', 'dfs', 'beam']).default('bfs'),
  evaluate: z.enum(['value', 'vote', 'verifier', 'probability']).default('value'),
  depth: z.int().min(1).default(3),
  /** States that go on at each depth. */
  select: z.int().min(1).default(5),
  /** Of dfs: states with less are given up. */
  threshold: z.number().default(0.5),
  /** Of dfs: most states that are looked at. */
  mostStates: z.int().min(1).default(50),
});
type Options = z.output<typeof options>;

interface Node extends Thought {
  id: number;
  value: number;
  total: number;
}

export const treeOfThoughts = strategy({
  about: 'a search over lines of a solution that the model values itself (Yao et al. 2023)',
  options,
  run: (problem, options, session) =>
    options.search === 'dfs' ? depthFirst(problem, options, session) : breadthFirst(problem, options, session),
});

const ROOT: Node = { id: 0, state: '', isOver: false, confidence: 0, value: 0, total: 0 };

/** The children of a state with their values, noted in the tree. */
async function expand(
  parents: readonly Node[],
  problem: Problem,
  session: Session,
  options: Options,
  tree: TreeNode[],
): Promise<Node[]> {
  const lists = await Promise.all(parents.map(({ state }) => nextThoughts(problem, session, state, options)));
  const thoughts = lists.flatMap((list, i) => list.map(thought => ({ thought, parent: parents[i] })));
  if (thoughts.length === 0) return [];
  const values = await valuesOf(
    problem,
    session,
    thoughts.map(({ thought }) => thought),
    options.evaluate,
    options,
  );
  return thoughts.map(({ thought, parent }, i) => {
    const node = { ...thought, id: tree.length + 1, value: values[i], total: parent.total + values[i] };
    const shown: TreeNode = {
      id: node.id,
      parent: parent === ROOT ? null : parent.id,
      thought: thought.state.slice(parent.state.length),
      value: values[i],
    };
    tree.push(shown);
    session.grow(shown);
    return node;
  });
}

async function breadthFirst(problem: Problem, options: Options, session: Session): Promise<Found> {
  const tree: TreeNode[] = [];
  const by = options.search === 'beam' ? 'total' : 'value';
  let frontier: Node[] = [ROOT];
  const over: Node[] = [];
  for (let depth = 0; depth < options.depth && frontier.length > 0; depth++) {
    const next = await expand(frontier, problem, session, options, tree);
    const best = next.sort((a, b) => b[by] - a[by]).slice(0, options.select);
    over.push(...best.filter(({ isOver }) => isOver));
    frontier = best.filter(({ isOver }) => !isOver);
  }
  return finish(
    problem,
    session,
    [...over, ...frontier].sort((a, b) => b[by] - a[by]),
    tree,
  );
}

async function depthFirst(problem: Problem, options: Options, session: Session): Promise<Found> {
  const tree: TreeNode[] = [];
  const ends: Node[] = [];
  const visit = async (node: Node, depth: number): Promise<boolean> => {
    if (node.isOver || depth === options.depth) {
      ends.push(node);
      const chain = await ended(problem, session, node);
      return chain.answer !== null;
    }
    const children = await expand([node], problem, session, options, tree);
    for (const child of children.sort((a, b) => b.value - a.value)) {
      if (child.value < options.threshold) continue;
      if (await visit(child, depth + 1)) return true;
      if (tree.length >= options.mostStates) return false;
    }
    return false;
  };
  await visit(ROOT, 0);
  const last = session.chains.at(-1);
  return { answer: last?.answer ?? null, votes: countVotes(session.chains), tree };
}

/** A state that has come to its end, or is taken there from where it is. */
async function ended(problem: Problem, session: Session, { state, isOver, value }: Node): Promise<Chain> {
  if (isOver) return session.end({ text: state, answer: problem.parse(state), tokens: 0, score: value });
  const [chain] = await draw(problem, session, { prefill: state });
  return session.end({ ...chain, score: value });
}

/** The answer of the best state that has one. */
async function finish(problem: Problem, session: Session, best: readonly Node[], tree: TreeNode[]): Promise<Found> {
  for (const node of best) {
    const { answer } = await ended(problem, session, node);
    if (answer) return { answer, votes: countVotes(session.chains, 'score'), tree };
  }
  return { answer: null, votes: [], tree };
}
