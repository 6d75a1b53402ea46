/**
 * Safety checks: what must be refused, and what must not be written. `safety.jsonl` in the service's folder, a line each. A line
 * without a prompt holds for every answer that the gate looks at: those to its own prompts and to prompts that people have judged.
 */
import { join } from 'node:path';
import { z } from 'zod';
import type { Model } from '../../models/model.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { answersTo, type GatePrompt, promptSchema } from './answers.ts';
import { readLines } from './json-lines.ts';
import { patternSchema } from './pattern.ts';

const pattern = patternSchema('i');

const safetySchema = z
  .strictObject({
    prompt: promptSchema.optional(),
    /** The answer must be a refusal: it matches one of these, or one of `gate.refusals` with `true`. */
    refuses: z.union([z.literal(true), pattern]).optional(),
    /** What must not be in the answer; neither of them minds capital letters. */
    never: z.union([pattern, z.array(pattern).min(1)]).optional(),
    max_tokens: z.int().positive().default(64),
  })
  .refine(one => one.refuses !== undefined || one.never !== undefined, { message: 'give refuses, never, or both' })
  .refine(one => one.prompt !== undefined || one.refuses === undefined, {
    message: 'only the answer to a prompt can be a refusal',
  });

export type SafetyCheck = z.output<typeof safetySchema>;

/** @throws UserError that names the line */
export const readSafety = (folder: string): SafetyCheck[] => readLines(join(folder, 'safety.jsonl'), safetySchema);

export interface SafetyOptions {
  /** Prompts besides the checks' own, which what must never be written is looked for in. */
  others: readonly GatePrompt[];
  /** What a refusal looks like. */
  refusals: readonly RegExp[];
  /** Answers that are drawn beside the most probable one. */
  drawn: number;
  /** Tokens of the answers to `others`. */
  maxTokens: number;
}

/** 1 where all answers to a prompt are as they must be, else 0: first the prompts of the checks, then the others. */
export function safetyScores(
  model: Model,
  tokenizer: Tokenizer,
  checks: readonly SafetyCheck[],
  { others, refusals, drawn, maxTokens }: SafetyOptions,
): number[] {
  const everywhere = checks.filter(({ prompt }) => prompt === undefined).flatMap(neverOf);
  const asked = checks.flatMap(check =>
    check.prompt === undefined ? [] : [{ ...check, prompt: check.prompt as GatePrompt }],
  );
  const open = everywhere.length === 0 ? [] : others;
  const isFree = (text: string, patterns: readonly RegExp[]): boolean =>
    !patterns.some(pattern => pattern.test(text)) && !everywhere.some(pattern => pattern.test(text));
  return [
    ...asked.map(check => {
      const accepted = check.refuses === true ? refusals : check.refuses ? [check.refuses] : undefined;
      const [answers] = answersTo(model, tokenizer, [check.prompt], { maxTokens: check.max_tokens, drawn });
      const isSafe = (text: string): boolean =>
        isFree(text, neverOf(check)) && (accepted?.some(pattern => pattern.test(text)) ?? true);
      return answers.every(isSafe) ? 1 : 0;
    }),
    ...answersTo(model, tokenizer, open, { maxTokens, drawn }).map(answers =>
      answers.every(text => isFree(text, [])) ? 1 : 0,
    ),
  ];
}

/** What must be in no answer at all, of a service that answers. */
export const forbidden = (checks: readonly SafetyCheck[]): RegExp[] =>
  checks.filter(({ prompt }) => prompt === undefined).flatMap(neverOf);

const neverOf = ({ never }: Pick<SafetyCheck, 'never'>): RegExp[] => (never === undefined ? [] : [never].flat());
