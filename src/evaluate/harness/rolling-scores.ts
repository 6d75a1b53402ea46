/** Perplexities of a text from its log-probability: by words, by bytes, and bits a byte, as (log-probability, length) pairs. */

export function rollingScores(text: string, logProb: number): Record<string, [number, number]> {
  const words = text.split(/[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u).length;
  const bytes = Buffer.byteLength(text);
  return { word_perplexity: [logProb, words], byte_perplexity: [logProb, bytes], bits_per_byte: [logProb, bytes] };
}
