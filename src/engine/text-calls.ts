/** What needs a model's tokenizer alone. */
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { promptIds } from './prompt-ids.ts';
import type { Calls, Prompt, Results } from './protocol.ts';

export interface TextCalls {
  tokenize: Calls['tokenize'];
  detokenize: Calls['detokenize'];
  /** The tokens that a request for a generation begins with. */
  promptIds: { prompt: Prompt };
}

export interface TextResults {
  tokenize: Results['tokenize'];
  detokenize: Results['detokenize'];
  promptIds: { ids: number[] };
}

type Answers = { [K in keyof TextCalls]: (input: TextCalls[K]) => TextResults[K] };

/** @param modelConfig config.json */
export const createTextCalls = (tokenizer: Tokenizer, modelConfig: Record<string, unknown>): Answers => ({
  tokenize({ prompt, addSpecialTokens, withTokens = true }) {
    const ids = promptIds(tokenizer, prompt, modelConfig, { addSpecialTokens });
    return { ids, tokens: withTokens ? ids.map(id => tokenizer.idToToken(id) ?? '') : [] };
  },
  detokenize: ({ ids, skipSpecialTokens = false }) => ({ text: tokenizer.decode(ids, { skipSpecialTokens }) }),
  promptIds: ({ prompt }) => ({ ids: promptIds(tokenizer, prompt, modelConfig) }),
});

/** Characters, or tokens, that are worked on beside the model: fewer take it less than a step. */
export const LONG_TEXT = 10_000;

/** Whether the texts, or lists of tokens, in a request are long. */
export function isLong(input: unknown): boolean {
  let left = LONG_TEXT;
  const count = (value: unknown): void => {
    if (typeof value === 'string') left -= value.length;
    else if (Array.isArray(value) && typeof value[0] === 'number') left -= value.length;
    else if (typeof value === 'object' && value !== null) {
      for (const part of Object.values(value)) if (left >= 0) count(part);
    }
  };
  count(input);
  return left < 0;
}
