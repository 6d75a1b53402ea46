/** The count of tokens, as OpenAI's API has it. */

export interface Tokens {
  promptTokens: number;
  cachedTokens: number;
  cacheWriteTokens?: number;
  completionTokens: number;
  /** Of a model that thinks: how many of them are thoughts. */
  thoughtTokens?: number;
}

export const usageOf = ({
  promptTokens,
  cachedTokens,
  cacheWriteTokens = 0,
  completionTokens,
  thoughtTokens,
}: Tokens) => ({
  prompt_tokens: promptTokens,
  completion_tokens: completionTokens,
  total_tokens: promptTokens + completionTokens,
  prompt_tokens_details: { cached_tokens: cachedTokens, cache_write_tokens: cacheWriteTokens },
  ...(thoughtTokens !== undefined && { completion_tokens_details: { reasoning_tokens: thoughtTokens } }),
});

/** Of an endpoint that reads and writes no text. */
export const readingUsage = (tokens: number) => ({ prompt_tokens: tokens, total_tokens: tokens });
