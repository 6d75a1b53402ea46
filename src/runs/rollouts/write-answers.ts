/** Answers of a model in training to prompts: drawn, or the most probable ones, by the engine that all generation has. */
import { resolveGenerationConfig } from '../../generate/config/generation-config.ts';
import { generate } from '../../generate/generate.ts';
import type { Model } from '../../models/model.ts';
import type { PromptExample, WrittenAnswer } from '../../objectives/exploration.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';

export interface WritingOptions {
  /** Answers to each prompt. */
  copies: number;
  maxNewTokens: number;
  temperature: number;
  /** Of the draws. Default: nothing is drawn. */
  seed?: number;
  eosTokenId: number | readonly number[] | null;
}

/** `copies` answers to each prompt, the prompts in their order; each prompt is read once. */
export function writeAnswers(
  model: Model,
  tokenizer: Tokenizer,
  examples: readonly PromptExample[],
  { copies, maxNewTokens, temperature, seed, eosTokenId }: WritingOptions,
): Omit<WrittenAnswer, 'rewards'>[] {
  const config = resolveGenerationConfig(
    {
      maxNewTokens,
      eosTokenId: typeof eosTokenId === 'number' || eosTokenId === null ? eosTokenId : [...eosTokenId],
      numReturnSequences: copies,
      // Every token may be drawn: what is learnt is the distribution that was drawn from.
      ...(seed === undefined ? {} : { doSample: true, seed, temperature, topK: 0, topP: 1 }),
    },
    { where: 'objective' },
  );
  const rows = examples.flatMap(({ ids }) =>
    Array.from({ length: copies }, () => ({ prompt: ids, ids: [] as number[], isWhole: false })),
  );
  const prompts = examples.map(({ ids }) => ids);
  for (const tokens of generate(model, prompts, config)) {
    for (const { row, id, stop } of tokens) {
      rows[row].ids.push(id);
      if (stop === 'eos') rows[row].isWhole = true;
    }
  }
  return rows.map(({ prompt, ids, isWhole }) => ({
    ids: Uint32Array.from([...prompt, ...ids]),
    prompt: prompt.length,
    text: tokenizer.decode(ids, { skipSpecialTokens: true }),
    isWhole,
  }));
}
