/**
 * Monte-Carlo tree search over lines of a solution (Hao et al. 2023, arXiv:2305.14992; UCT of Kocsis & Szepesvári 2006): from the root
 * the child with the best upper bound is followed, a leaf gets children, one of them is written to its end, and what that is worth
 * goes up the way that led there. The answer with the most worth wins.
 */
import { z } from 'zod';
import type { Problem } from '../program/problem.ts';
import { requireVerifier } from './require-verifier.ts';
import type { Chain, Session } from './session.ts';
import { draw, strategy } from './strategy.ts';
import { nextThoughts, type Thought, thoughtOptions } from './thoughts.ts';
import type { TreeNode } from './tree-node.ts';
import { countVotes, winner } from './votes.ts';

const options = z.strictObject({
  ...thoughtOptions,
  iterations: z.int().min(1).default(16),
  /** Of the upper confidence bound. */
  exploration: z.number().min(0).default(1.4),
  depth: z.int().min(1).default(8),
  /** agreement: the share of chains so far with the same answer; probability: how probable the chain is. */
  reward: z.enum(['agreement', 'probability', 'verifier']).default('agreement'),
});
type Options = z.output<typeof options>;

interface Node extends Thought {
  id: number;
  parent: Node | null;
  children: Node[] | undefined;
  visits: number;
  worth: number;
  depth: number;
}

export const monteCarloTreeSearch = strategy({
  about: 'Monte-Carlo tree search over lines of a solution (Hao et al. 2023)',
  options,
  async run(problem, options, session) {
    const nodes: Node[] = [];
    const add = (thought: Thought, parent: Node | null): Node => {
      const node = nodeOf(thought, parent, nodes.length + 1);
      nodes.push(node);
      session.grow(shown(node));
      return node;
    };
    const root = add({ state: '', isOver: false, confidence: 0 }, null);
    for (let i = 0; i < options.iterations; i++) {
      let node = root;
      while (node.children?.length) node = bestChild(node, options.exploration);
      if (!node.isOver && node.depth < options.depth && (node.visits > 0 || node === root)) {
        const next = await nextThoughts(problem, session, node.state, options);
        const parent: Node = node;
        parent.children = next.map(thought => add(thought, parent));
        node = parent.children[0] ?? parent;
      }
      const chain = await rollOut(problem, session, node, options);
      chain.score = await rewardOf(problem, session, chain, options.reward);
      session.end(chain);
      for (let up: Node | null = node; up; up = up.parent) {
        up.visits++;
        up.worth += chain.score;
        session.grow(shown(up));
      }
    }
    return {
      answer: winner(session.chains, 'score'),
      votes: countVotes(session.chains, 'score'),
      tree: nodes.map(shown),
    };
  },
});

const nodeOf = (thought: Thought, parent: Node | null, id: number): Node => ({
  ...thought,
  id,
  parent,
  children: undefined,
  visits: 0,
  worth: 0,
  depth: parent ? parent.depth + 1 : 0,
});

/** Of those never visited the first; else mean worth and what is not known yet of it. */
function bestChild({ children, visits }: Node, exploration: number): Node {
  const bound = (child: Node): number =>
    child.visits === 0
      ? Number.POSITIVE_INFINITY
      : child.worth / child.visits + exploration * Math.sqrt(Math.log(visits) / child.visits);
  return children!.reduce((best, child) => (bound(child) > bound(best) ? child : best));
}

async function rollOut(
  problem: Problem,
  session: Session,
  { state, isOver }: Node,
  { temperature }: Options,
): Promise<Chain> {
  if (isOver) return { text: state, answer: problem.parse(state), tokens: 0 };
  const [chain] = await draw(problem, session, { prefill: state, temperature });
  return chain;
}

async function rewardOf(problem: Problem, session: Session, chain: Chain, how: Options['reward']): Promise<number> {
  const { answer, text, logProb = 0, tokens } = chain;
  if (!answer) return 0;
  if (how === 'verifier') return (await requireVerifier(session).score(problem.question, [text], session.signal))[0];
  if (how === 'probability') return Math.exp(logProb / Math.max(1, tokens));
  const same = session.chains.filter(other => other.answer?.key === answer.key).length;
  return (same + 1) / (session.chains.length + 1);
}

const shown = ({ id, parent, state, visits, worth }: Node): TreeNode => ({
  id,
  parent: parent?.id ?? null,
  thought: parent ? state.slice(parent.state.length) : '',
  value: visits ? worth / visits : 0,
  visits,
});
