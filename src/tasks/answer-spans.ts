/** The most probable spans of one window: every start with every end behind it (Devlin et al. 2019, 4.2). */

export interface WindowScores {
  /** Logits of each token as the first and as the last of the answer. */
  start: readonly number[];
  end: readonly number[];
  /** Tokens of the context, and the token that stands for no answer. */
  isCandidate: readonly boolean[];
}

export interface Span {
  /** Tokens of the window, `last` included. */
  first: number;
  last: number;
  score: number;
}

export interface BestSpans {
  /** The most probable first. */
  spans: Span[];
  /** Probability that the first token is the answer: that there is none. */
  noAnswer: number;
}

/** @param options.maxAnswerLength most tokens of a span */
export function bestSpans(
  { start, end, isCandidate }: WindowScores,
  { topK, maxAnswerLength }: { topK: number; maxAnswerLength: number },
): BestSpans {
  const starts = probabilities(start, isCandidate);
  const ends = probabilities(end, isCandidate);
  const noAnswer = starts[0] * ends[0];
  starts[0] = 0;
  ends[0] = 0;
  const all: Span[] = [];
  for (let first = 0; first < starts.length; first++) {
    if (!isCandidate[first]) continue;
    for (let last = first; last < Math.min(ends.length, first + maxAnswerLength); last++) {
      if (isCandidate[last]) all.push({ first, last, score: starts[first] * ends[last] });
    }
  }
  return { spans: all.sort((a, b) => b.score - a.score).slice(0, topK), noAnswer };
}

/** Softmax over the candidates; the others keep next to nothing. */
function probabilities(logits: readonly number[], isCandidate: readonly boolean[]): number[] {
  const barred = logits.map((logit, i) => (isCandidate[i] ? logit : -10_000));
  const most = Math.max(...barred);
  const weights = barred.map(logit => Math.exp(logit - most));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map(weight => weight / sum);
}
