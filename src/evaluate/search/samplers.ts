/**
 * Which values to try next: drawn at random, all of a grid in turn, or where good trials are dense and bad ones are not (TPE,
 * Bergstra et al. 2011; Watanabe 2023, arXiv:2304.11127) with Optuna 5's defaults.
 */
import { usageError } from '../../support/errors.ts';
import { type Random, randomFor } from '../../support/random.ts';
import { fromUnit, gridOf } from './distributions.ts';
import { type Parzen, parzenEstimator } from './parzen.ts';
import { decide, groupsOf, isActive, type Space, type Values } from './space.ts';
import { betterFirst, type Direction, type Trial } from './trial.ts';

/** The values of trial `number`, from what earlier ones came to; undefined when there is nothing left to try. */
export type Sampler = (number: number, trials: readonly Trial[]) => Values | undefined;

export function randomSampler(space: Space, seed: number): Sampler {
  const groups = groupsOf(space);
  return number => drawn(space, groups, randomFor(seed, 0, number));
}

const drawn = (space: Space, groups: readonly string[][], random: Random): Values =>
  decide(space, groups, names =>
    Object.fromEntries(names.map(name => [name, fromUnit(space[name].distribution, random.next())])),
  );

/** @throws UserError for a range that cannot be counted */
export function gridSampler(space: Space): Sampler {
  let all: Values[] = [{}];
  for (const [name, parameter] of Object.entries(space)) {
    const values = gridOf(parameter.distribution);
    if (values === undefined) {
      throw usageError(
        'TSLM_BAD_SPACE',
        `'${name}' is a range without steps, of which a grid has no end`,
        'give it a step, or choices',
      );
    }
    all = all.flatMap(before =>
      isActive(parameter, before) ? values.map(value => ({ ...before, [name]: value })) : [before],
    );
  }
  return number => all[number];
}

export interface TpeOptions {
  seed?: number;
  direction?: Direction;
  /** Trials that are drawn at random first. Default 10. */
  startup?: number;
  /** Values that are drawn from the good ones, of which the best is taken. Default 24. */
  candidates?: number;
  /** Parameters that exist together are modelled together. Default true; false: each for itself. */
  multivariate?: boolean;
}

/** How many of n trials are the good ones. */
export const goodOnes = (n: number): number => Math.min(Math.ceil(0.1 * n), 25);

export function tpeSampler(
  space: Space,
  { seed = 0, direction = 'minimize', startup = 10, candidates = 24, multivariate = true }: TpeOptions = {},
): Sampler {
  const groups = groupsOf(space);
  return (number, trials) => {
    const random = randomFor(seed, 0, number);
    const known = trials.filter(({ state }) => state !== 'failed');
    const finished = known.filter(({ state }) => state !== 'running');
    if (finished.length < startup) return drawn(space, groups, random);
    const good = new Set(bestTrials(finished, goodOnes(finished.length), direction));
    const inOrder = [...known].sort((a, b) => a.number - b.number);
    const sides = [inOrder.filter(trial => good.has(trial)), inOrder.filter(trial => !good.has(trial))];
    const chooseTogether = (names: readonly string[]): Values => {
      const distributions = Object.fromEntries(names.map(name => [name, space[name].distribution]));
      const [below, above] = sides.map(side => {
        const having = side.filter(({ values }) => names.every(name => name in values));
        return parzenEstimator(
          having.map(({ values }) => values),
          distributions,
        );
      });
      return bestCandidate(below, above, candidates, random);
    };
    return decide(space, groups, names =>
      multivariate ? chooseTogether(names) : Object.assign({}, ...names.map(name => chooseTogether([name]))),
    );
  };
}

function bestCandidate(below: Parzen, above: Parzen, candidates: number, random: Random): Values {
  let best: Values = {};
  let most = -Infinity;
  for (let i = 0; i < candidates; i++) {
    const values = below.sample(random);
    const gain = below.logProb(values) - above.logProb(values);
    if (i === 0 || gain > most) [best, most] = [values, gain];
  }
  return best;
}

/** Complete trials first, then pruned ones: of these what got further is better. */
function bestTrials(trials: readonly Trial[], count: number, direction: Direction): Trial[] {
  const order = betterFirst(direction);
  const complete = trials.filter(({ state }) => state === 'complete').sort((a, b) => order(a.value!, b.value!));
  const last = ({ reports }: Trial): readonly [step: number, value: number] =>
    [...reports].reduce((a, b) => (b[0] > a[0] ? b : a), [-1, Number.NaN] as [number, number]);
  const pruned = trials
    .filter(({ state }) => state === 'pruned')
    .sort((a, b) => last(b)[0] - last(a)[0] || order(last(a)[1], last(b)[1]));
  return [...complete, ...pruned].slice(0, count);
}
