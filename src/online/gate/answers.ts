/** What a model answers to the prompts of the gate's files: the most probable answer, and some that are drawn. */
import { z } from 'zod';
import type { Said } from '../../data/rows/rows.ts';
import type { Model } from '../../models/model.ts';
import { answerChat } from '../../tasks/chat.ts';
import { continueTexts } from '../../tasks/text-generation.ts';
import type { ChatMessage, Tokenizer } from '../../tokenizers/tokenizer.ts';

/** A text, or messages. */
export const promptSchema = z.union([z.string().min(1), z.array(z.looseObject({ role: z.string() })).min(1)]);
export type GatePrompt = z.output<typeof promptSchema> | Said;

export interface AnswerOptions {
  maxTokens: number;
  /** Answers that are drawn at temperature 1 beside the most probable one. Default 0. */
  drawn?: number;
}

/** Prompts that are answered together. */
const BATCH = 16;

/** Of each prompt the most probable answer first; those that are drawn are always the same ones. */
export function answersTo(
  model: Model,
  tokenizer: Tokenizer,
  prompts: readonly GatePrompt[],
  { maxTokens: maxNewTokens, drawn = 0 }: AnswerOptions,
): string[][] {
  const texts = prompts.filter(prompt => typeof prompt === 'string');
  const write = (generation: { doSample: boolean; seed?: number }): string[] => {
    const options = { generation: { ...generation, maxNewTokens } };
    const written: string[] = [];
    for (let at = 0; at < texts.length; at += BATCH) {
      written.push(...continueTexts(model, tokenizer, texts.slice(at, at + BATCH), options).map(({ text }) => text));
    }
    return prompts.map(prompt =>
      typeof prompt === 'string'
        ? written.shift()!
        : answerChat(model, tokenizer, prompt as readonly ChatMessage[], options)[0].text,
    );
  };
  const seeds = Array.from({ length: drawn }, (_, i) => i + 1);
  const runs = [write({ doSample: false }), ...seeds.map(seed => write({ doSample: true, seed }))];
  return prompts.map((_, i) => runs.map(run => run[i]));
}
