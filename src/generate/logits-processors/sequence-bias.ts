/** Biases on sequences of tokens, and words that are forbidden. */
import type { LogitsProcessor } from './logits-processor.ts';

/**
 * Adds a bias to the last token of each sequence while the tokens before it are the end of the text. As in Hugging Face,
 * a sequence longer than the text so far has no effect, even where it would be completed by its very next token.
 */
export function sequenceBias(biases: ReadonlyArray<readonly [ids: readonly number[], bias: number]>): LogitsProcessor {
  return (inputIds, logits) => {
    for (const [ids, bias] of biases) {
      if (ids.length === 1 || (ids.length <= inputIds.length && endsWith(inputIds, ids))) {
        logits[ids[ids.length - 1]] += bias;
      }
    }
  };
}

/** Forbids token sequences. One that is nothing but an end-of-sequence token is left out, since generation must end. */
export function badWords(words: readonly (readonly number[])[], eosTokenId: readonly number[] = []): LogitsProcessor {
  const forbidden = words.filter(ids => !(ids.length === 1 && eosTokenId.includes(ids[0])));
  return sequenceBias(forbidden.map(ids => [ids, Number.NEGATIVE_INFINITY]));
}

/** Whether `text` ends with `sequence` but for the sequence's last token. */
function endsWith(text: ArrayLike<number>, sequence: readonly number[]): boolean {
  const prefix = sequence.length - 1;
  for (let i = 0; i < prefix; i++) if (text[text.length - prefix + i] !== sequence[i]) return false;
  return true;
}
