/**
 * Strengths from games between pairs (Bradley & Terry 1952): the odds that i beats j are the ratio of their strengths. Found by the
 * minorising steps of Hunter (2004).
 */

export interface Games {
  /** Players, by their numbers. */
  first: number;
  second: number;
  /** Of the first: 1 it won, 0 it lost, ½ a draw. */
  score: number;
}

/** A draw with every opponent that was met, so that who always wins is not infinitely strong. */
const PRIOR = 1;

/**
 * @returns log-strengths of mean 0
 * @throws RangeError for a player that no chain of games ties to the others
 */
export function bradleyTerry(players: number, games: readonly Games[], { prior = PRIOR } = {}): number[] {
  const played = Array.from({ length: players }, () => new Float64Array(players));
  const won = new Float64Array(players);
  for (const { first, second, score } of games) {
    if (played[first][second] === 0) {
      for (const [a, b] of [
        [first, second],
        [second, first],
      ]) {
        played[a][b] += prior;
        won[a] += prior / 2;
      }
    }
    played[first][second]++;
    played[second][first]++;
    won[first] += score;
    won[second] += 1 - score;
  }
  const alone = playersApart(played);
  if (alone !== undefined) throw new RangeError(`player ${alone} has met none of the others, nor any that have`);
  let strengths = new Float64Array(players).fill(1);
  for (let step = 0; step < 10_000; step++) {
    const next = strengths.map(
      (own, i) =>
        won[i] / played[i].reduce((sum, count, j) => (count > 0 ? sum + count / (own + strengths[j]) : sum), 0),
    );
    const middle = Math.exp(next.reduce((sum, one) => sum + Math.log(one), 0) / players);
    const scaled = next.map(one => one / middle);
    const moved = Math.max(...scaled.map((one, i) => Math.abs(Math.log(one / strengths[i]))));
    strengths = scaled;
    if (moved < 1e-10) break;
  }
  return Array.from(strengths, Math.log);
}

/** One that cannot be reached from player 0. */
function playersApart(played: readonly Float64Array[]): number | undefined {
  const reached = new Set([0]);
  // A set that grows is walked to its end.
  for (const i of reached) for (const [j, count] of played[i].entries()) if (count > 0) reached.add(j);
  return [...played.keys()].find(i => !reached.has(i));
}
