/** The strategies by name. */
import { autoChainOfThought } from './auto-chain-of-thought.ts';
import { bestOfN } from './best-of-n.ts';
import { budgetForcing } from './budget-forcing.ts';
import { chainOfThought } from './chain-of-thought.ts';
import { direct } from './direct.ts';
import { leastToMost } from './least-to-most.ts';
import { monteCarloTreeSearch } from './monte-carlo-tree-search.ts';
import { planAndSolve } from './plan-and-solve.ts';
import { programOfThought } from './program-of-thought.ts';
import { react } from './react.ts';
import { selfConsistency } from './self-consistency.ts';
import { selfRefine } from './self-refine.ts';
import { selfVerification } from './self-verification.ts';
import { stepBack } from './step-back.ts';
import { stepBeam } from './step-beam.ts';
import type { Strategy } from './strategy.ts';
import { treeOfThoughts } from './tree-of-thoughts.ts';

export const STRATEGIES: Readonly<Record<string, Strategy>> = {
  direct,
  'chain-of-thought': chainOfThought,
  'auto-chain-of-thought': autoChainOfThought,
  'self-consistency': selfConsistency,
  'least-to-most': leastToMost,
  'plan-and-solve': planAndSolve,
  'step-back': stepBack,
  'self-refine': selfRefine,
  'self-verification': selfVerification,
  'best-of-n': bestOfN,
  'step-beam': stepBeam,
  'tree-of-thoughts': treeOfThoughts,
  'monte-carlo-tree-search': monteCarloTreeSearch,
  'program-of-thought': programOfThought,
  react,
  'budget-forcing': budgetForcing,
};
