/** A prompt as data: a YAML file of template, fields, examples, parser and strategy. [docs/PROMPTS.md] */
import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { z } from 'zod';
import { namingFile } from '../../support/errors.ts';
import { parseOptions } from '../../support/schema.ts';
import { parseYaml } from '../../support/yaml.ts';
import { examplesSchema } from '../examples/options.ts';
import { workedExamplesIn } from '../examples/read-examples.ts';
import { createParser, parserSchema } from './parsers.ts';
import { definePrompt, type Fields, type Prompt } from './signature.ts';

const FIELD_TYPES = {
  string: z.union([z.string(), z.number().transform(String), z.boolean().transform(String)]),
  number: z.union([z.number(), z.string().transform(Number)]).pipe(z.number()),
  integer: z.union([z.number(), z.string().transform(Number)]).pipe(z.int()),
  boolean: z.union([z.boolean(), z.stringbool()]),
  list: z.array(z.unknown()),
} as const;

export const generationSchema = z.strictObject({
  maxTokens: z.int().positive().optional(),
  temperature: z.number().min(0).optional(),
  topP: z.number().min(0).max(1).optional(),
  topK: z.int().min(0).optional(),
  stop: z.array(z.string().min(1)).optional(),
});

export const promptFileSchema = z.strictObject({
  name: z.string().optional(),
  description: z.string().optional(),
  fields: z.record(z.string(), z.enum(['string', 'number', 'integer', 'boolean', 'list'])),
  instruction: z.string().optional(),
  template: z.string(),
  answer: z.string().optional(),
  target: z.string().optional(),
  separator: z.string().optional(),
  /** What stands between a chain and its answer, for `tslm prompt faithfulness`. */
  mark: z.string().min(1).optional(),
  chat: z.boolean().optional(),
  examples: examplesSchema.optional(),
  parser: parserSchema,
  strategy: z
    .union([z.string(), z.looseObject({ name: z.string() })])
    .default('direct')
    .transform((given): { name: string } & Record<string, unknown> =>
      typeof given === 'string' ? { name: given } : given,
    ),
  /** Of strategies that have one: the folder of a model, or `self`: the model's own belief. */
  verifier: z.string().optional(),
  generation: generationSchema.optional(),
});
/** The keys of a prompt file. */
export type PromptFileOptions = z.output<typeof promptFileSchema>;

export interface PromptFile {
  path: string;
  /** Where relative paths in it start. */
  folder: string;
  options: PromptFileOptions;
  prompt: Prompt;
}

/** @throws UserError that names the file, the key, and the nearest one known */
export function readPromptFile(path: string): PromptFile {
  const text = namingFile(path, () => readFileSync(path, 'utf8'));
  return createPromptFile(parseYaml(text, path, 'correct the file'), path);
}

/** @param path for errors, and where relative paths start */
export function createPromptFile(value: unknown, path: string): PromptFile {
  const options = parseOptions(promptFileSchema, value, path);
  const { fields, parser, examples, strategy: _, description: __, verifier: ___, mark: ____, ...rest } = options;
  const folder = dirname(resolve(path));
  // Worked examples in a text file bring their instruction along.
  if (rest.instruction === undefined && examples?.file?.endsWith('.txt')) {
    rest.instruction = workedExamplesIn(resolve(folder, examples.file)).instruction + (rest.separator ?? '\n\n');
  }
  const input = z.looseObject(
    Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, FIELD_TYPES[type]])),
  ) as z.ZodType<Fields>;
  const name = options.name ?? basename(path).replace(/\.ya?ml$/, '');
  const prompt = definePrompt({ ...rest, name, input, parser: createParser(parser, path) });
  return { path, folder, options, prompt };
}
