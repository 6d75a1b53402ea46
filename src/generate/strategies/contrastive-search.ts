/**
 * Contrastive search (Su et al. 2022, arXiv:2202.06417; with the results of transformers 4): of the most probable tokens
 * the one that is probable and whose hidden state is unlike those of the text so far.
 *
 *     (1 − α) · probability − α · largest cosine with an earlier hidden state
 */
import type { GenerationConfig } from '../config/generation-options.ts';
import type { GenerateOptions } from '../generate-options.ts';
import type { GeneratedToken } from '../generated-token.ts';
import type { Start } from '../prompt/prompts.ts';
import { addToken, createRows } from '../rows.ts';
import { softmax } from '../sampling.ts';
import { requireCache } from '../sessions/session.ts';
import { bestCandidates } from './candidates.ts';

/** Every candidate of a text is a row of the session: the model reads them all before one is chosen. */
export function* contrastiveSearch(
  { prompts, session, context }: Start,
  config: GenerationConfig,
  options: GenerateOptions,
): Generator<GeneratedToken[], void> {
  requireCache(session, "'penaltyAlpha' asks for hidden states beside a cache", "'penaltyAlpha'");
  const { topK, penaltyAlpha } = config;
  const first = session.read(
    prompts.map(({ ids }) => ids),
    { hiddenStates: true },
  );
  let texts = createRows(prompts, config, options).map((row, r) => ({
    row,
    logits: first.logits[r][0],
    /** Hidden states of its tokens, of length 1: [time][hidden]. */
    states: first.hiddenStates![r].map(unit),
    /** Its row of the session. */
    place: r,
  }));
  while (true) {
    const candidates = texts.flatMap(text => {
      const { row, logits } = text;
      options.onLogits?.(row.index, logits);
      row.process(row.ids, logits);
      const probabilities = softmax(logits);
      const allowed = bestCandidates([0], [logits], topK).filter(({ id }) => probabilities[id] > 0);
      return allowed.map(({ id }) => ({ text, id, probability: probabilities[id] }));
    });
    session.selectRows(candidates.map(({ text }) => text.place));
    const seen = session.read(
      candidates.map(({ id }) => [id]),
      { hiddenStates: true },
    );
    const judged = candidates.map(({ text, id, probability }, place) => {
      const state = unit(seen.hiddenStates![place][0]);
      const likeness = text.states.reduce((most, other) => Math.max(most, dot(state, other)), Number.NEGATIVE_INFINITY);
      return { text, id, place, state, score: (1 - penaltyAlpha) * probability - penaltyAlpha * likeness };
    });
    const chosen = texts.map(text =>
      judged
        .filter(candidate => candidate.text === text)
        .reduce((best, other) => (other.score > best.score ? other : best)),
    );
    // A candidate is read before it is chosen, so that a text ends one token before one whose last token is never read.
    const tokens = chosen.map(({ text, id }) =>
      addToken(text.row, id, text.logits, { ...options, context: context - 1 }),
    );
    yield tokens;

    const alive = chosen.filter((_, r) => tokens[r].stop === undefined);
    if (alive.length === 0) return;
    texts = alive.map(({ text, place, state }) => {
      text.states.push(state);
      return { ...text, logits: seen.logits[place][0], place };
    });
  }
}

/** The vector of length 1 in the same direction. */
function unit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(dot(vector, vector));
  return vector.map(x => x / length);
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
