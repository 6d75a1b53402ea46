/** An answer with the probability of each of its tokens, as a file. */
import type { Answer } from './conversation.ts';

/** Natural logarithms, as OpenAI's API has them; `null` for text that came without. */
export function exportTokens(model: string, prompt: string, { text, pieces }: Answer): string {
  const logprob = (probability: number | undefined): number | null =>
    probability === undefined ? null : Math.log(probability);
  const tokens = pieces.map(piece => ({
    token: piece.text,
    logprob: logprob(piece.probability),
    top_logprobs: piece.alternatives.map(one => ({ token: one.text, logprob: logprob(one.probability) })),
  }));
  return `${JSON.stringify({ model, prompt, text, tokens }, null, 2)}\n`;
}
