/** Golden conversations: what the model must go on doing, whatever it learns. `golden.jsonl` in the service's folder, a line each. */
import { join } from 'node:path';
import { z } from 'zod';
import type { Model } from '../../models/model.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { answersTo, promptSchema } from './answers.ts';
import { readLines } from './json-lines.ts';
import { patternSchema } from './pattern.ts';

const goldenSchema = z
  .strictObject({
    prompt: promptSchema,
    /** The most probable answer, space around it left out, is this, has this in it, or matches this expression. */
    equals: z.string().optional(),
    contains: z.string().optional(),
    matches: patternSchema().optional(),
    max_tokens: z.int().positive().default(64),
  })
  .refine(one => [one.equals, one.contains, one.matches].filter(given => given !== undefined).length === 1, {
    message: 'give exactly one of equals, contains and matches',
  });

export type Golden = z.output<typeof goldenSchema>;

/** @throws UserError that names the line */
export const readGolden = (folder: string): Golden[] => readLines(join(folder, 'golden.jsonl'), goldenSchema);

/** 1 where the most probable answer is as it should be, else 0. */
export const goldenScores = (model: Model, tokenizer: Tokenizer, rows: readonly Golden[]): number[] =>
  rows.map(row => {
    const [[answer]] = answersTo(model, tokenizer, [row.prompt], { maxTokens: row.max_tokens });
    return isAsExpected(row, answer) ? 1 : 0;
  });

function isAsExpected({ equals, contains, matches }: Golden, text: string): boolean {
  if (equals !== undefined) return text.trim() === equals.trim();
  if (contains !== undefined) return text.includes(contains);
  return matches!.test(text);
}
