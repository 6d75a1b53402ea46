/** Golden conversations: what the model must go on doing, whatever it learns. `golden.jsonl` in the service's folder, a line each. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Model } from '../../models/model.ts';
import { UserError } from '../../support/errors.ts';
import { parseOptions } from '../../support/schema.ts';
import { answerChat } from '../../tasks/chat.ts';
import { continueTexts } from '../../tasks/text-generation.ts';
import type { ChatMessage, Tokenizer } from '../../tokenizers/tokenizer.ts';

const golden = z
  .strictObject({
    /** A text, or messages. */
    prompt: z.union([z.string().min(1), z.array(z.looseObject({ role: z.string() })).min(1)]),
    /** The most probable answer, space around it left out, is this, has this in it, or matches this expression. */
    equals: z.string().optional(),
    contains: z.string().optional(),
    matches: z.string().optional(),
    max_tokens: z.int().positive().default(64),
  })
  .refine(one => [one.equals, one.contains, one.matches].filter(given => given !== undefined).length === 1, {
    message: 'give exactly one of equals, contains and matches',
  });

export type Golden = z.output<typeof golden>;

const FILE = 'golden.jsonl';

/** @throws UserError that names the line */
export function readGolden(folder: string): Golden[] {
  const path = join(folder, FILE);
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line, i) => {
      if (line.trim() === '') return [];
      try {
        return [parseOptions(golden, JSON.parse(line), `${path}: line ${i + 1}`)];
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        throw new UserError('TSLM_BAD_JSON', `${path}: line ${i + 1} is not JSON`, { hint: 'a JSON object a line' });
      }
    });
}

/** 1 where the most probable answer is as it should be, else 0. */
export const goldenScores = (model: Model, tokenizer: Tokenizer, rows: readonly Golden[]): number[] =>
  rows.map(row => (isAsExpected(row, answerTo(model, tokenizer, row)) ? 1 : 0));

function answerTo(model: Model, tokenizer: Tokenizer, { prompt, max_tokens }: Golden): string {
  const generation = { doSample: false, maxNewTokens: max_tokens };
  if (typeof prompt === 'string') return continueTexts(model, tokenizer, [prompt], { generation })[0].text;
  return answerChat(model, tokenizer, prompt as unknown as ChatMessage[], { generation })[0].text;
}

function isAsExpected({ equals, contains, matches }: Golden, text: string): boolean {
  if (equals !== undefined) return text.trim() === equals.trim();
  if (contains !== undefined) return text.includes(contains);
  return new RegExp(matches!, 'u').test(text);
}
