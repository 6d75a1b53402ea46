/** Answers of several models to the same prompts, judged in pairs, each pair both ways round; strengths with bootstrap intervals. */
import { createRandom } from '../../support/random.ts';
import type { EvaluatedModel } from '../models/evaluated-model.ts';
import { bradleyTerry, type Games } from '../statistics/bradley-terry.ts';
import { type Interval, wilson } from '../statistics/intervals.ts';
import { mcnemar } from '../statistics/mcnemar.ts';
import { holm } from '../statistics/multiple-comparisons.ts';
import { percentile } from '../statistics/paired-bootstrap.ts';
import { type JudgeOptions, type Verdict, verdictsOf } from './verdicts.ts';

export interface Contestant {
  name: string;
  /** One to each prompt. */
  answers: readonly string[];
}

export interface Judgement {
  prompt: number;
  /** Names of the models. */
  a: string;
  b: string;
  /** With a's answer shown first, and second. */
  verdicts: readonly [Verdict, Verdict];
  /** Of a: 1, 0, or ½ where the verdicts do not agree. */
  score: number;
}

export interface PairResult {
  a: string;
  b: string;
  wins: number;
  losses: number;
  /** Ties, and pairs that were judged by their place. */
  ties: number;
  /** Exact, two-sided, of wins and losses alone; adjusted over all pairs (Holm). */
  p: number;
}

export interface Standing {
  name: string;
  /** Log-strength; the mean of all is 0. */
  strength: number;
  /** Of 95 %, over prompts drawn anew. */
  interval: Interval;
  /** Share of its games that it wins, ties as halves. */
  winRate: number;
}

export interface JudgeResult {
  standings: Standing[];
  pairs: PairResult[];
  judgements: Judgement[];
  /** How often the same answer was chosen both ways round. */
  consistent: { share: number; interval: Interval };
  /** How often the answer that was shown first was chosen, of verdicts that chose. */
  firstChosen: { share: number; interval: Interval };
}

/**
 * @param options.replicates of the bootstrap. Default 1000
 * @param options.seed of its draws. Default 1234
 */
export async function judgeAnswers(
  judge: EvaluatedModel,
  prompts: readonly string[],
  contestants: readonly Contestant[],
  { replicates = 1000, seed = 1234, ...how }: JudgeOptions & { replicates?: number; seed?: number },
): Promise<JudgeResult> {
  const pairs = contestants.flatMap((_, i) => contestants.slice(i + 1).map((__, k) => [i, i + 1 + k] as const));
  const games = prompts.flatMap((_, prompt) => pairs.map(([i, j]) => ({ prompt, i, j })));
  const pairings = games.flatMap(({ prompt, i, j }) => {
    const [a, b] = [contestants[i].answers[prompt], contestants[j].answers[prompt]];
    return [
      { prompt: prompts[prompt], first: a, second: b },
      { prompt: prompts[prompt], first: b, second: a },
    ];
  });
  const verdicts = await verdictsOf(judge, pairings, how);
  const judged = games.map(({ prompt, i, j }, at) => {
    const both = [verdicts[2 * at], verdicts[2 * at + 1]] as const;
    return { prompt, i, j, verdicts: both, score: scoreOf(both) };
  });
  const names = contestants.map(({ name }) => name);
  const strengths = strengthsOf(judged, names.length);
  const intervals = bootstrap(judged, prompts.length, names.length, replicates, seed);
  const chosen = verdicts.filter(verdict => verdict !== 'tie');
  return {
    standings: names
      .map((name, i) => ({ name, strength: strengths[i], interval: intervals[i], winRate: winRate(judged, i) }))
      .sort((x, y) => y.strength - x.strength),
    pairs: pairResults(judged, pairs, names),
    judgements: judged.map(({ prompt, i, j, verdicts: both, score }) => ({
      prompt,
      a: names[i],
      b: names[j],
      verdicts: both,
      score,
    })),
    consistent: share(judged.filter(({ verdicts: [x, y] }) => y === swapped(x)).length, judged.length),
    firstChosen: share(chosen.filter(verdict => verdict === 'first').length, chosen.length),
  };
}

interface Judged {
  prompt: number;
  i: number;
  j: number;
  verdicts: readonly [Verdict, Verdict];
  score: number;
}

const swapped = (verdict: Verdict): Verdict => (verdict === 'tie' ? 'tie' : verdict === 'first' ? 'second' : 'first');

/** Better in both places. */
const scoreOf = ([ahead, behind]: readonly [Verdict, Verdict]): number =>
  ahead === 'first' && behind === 'second' ? 1 : ahead === 'second' && behind === 'first' ? 0 : 0.5;

const share = (count: number, of: number): { share: number; interval: Interval } => ({
  share: of === 0 ? Number.NaN : count / of,
  interval: wilson(count, of),
});

const asGames = (judged: readonly Judged[]): Games[] =>
  judged.map(({ i, j, score }) => ({ first: i, second: j, score }));
const strengthsOf = (judged: readonly Judged[], players: number): number[] => bradleyTerry(players, asGames(judged));

function winRate(judged: readonly Judged[], player: number): number {
  const own = judged.filter(({ i, j }) => i === player || j === player);
  return own.reduce((sum, { i, score }) => sum + (i === player ? score : 1 - score), 0) / own.length;
}

function bootstrap(
  judged: readonly Judged[],
  prompts: number,
  players: number,
  replicates: number,
  seed: number,
): Interval[] {
  const byPrompt = Array.from({ length: prompts }, (_, prompt) => judged.filter(game => game.prompt === prompt));
  const random = createRandom(seed);
  const drawn = Array.from({ length: replicates }, () =>
    strengthsOf(
      byPrompt.flatMap(() => byPrompt[random.below(prompts)]),
      players,
    ),
  );
  return Array.from({ length: players }, (_, i): Interval => {
    const sorted = drawn.map(strengths => strengths[i]).sort((x, y) => x - y);
    return [percentile(sorted, 0.025), percentile(sorted, 0.975)];
  });
}

function pairResults(
  judged: readonly Judged[],
  pairs: readonly (readonly [number, number])[],
  names: readonly string[],
): PairResult[] {
  const counted = pairs.map(([i, j]) => {
    const own = judged.filter(game => game.i === i && game.j === j);
    const count = (score: number): number => own.filter(game => game.score === score).length;
    return { a: names[i], b: names[j], wins: count(1), losses: count(0), ties: count(0.5), own };
  });
  const adjusted = holm(
    counted.map(
      ({ own }) =>
        mcnemar(
          own.map(({ score }) => Number(score === 1)),
          own.map(({ score }) => Number(score === 0)),
        ).exactP,
    ),
  );
  return counted.map(({ own: _, ...pair }, i) => ({ ...pair, p: adjusted[i] }));
}
