/** The options of a command that say what its text must follow: a JSON Schema, a regular expression or a grammar. */
import { type Command, Option } from 'commander';
import type { Constraint } from '../constrain/index.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

export interface ConstraintOptions {
  jsonSchema?: string;
  regex?: string;
  grammar?: string;
}

export const withConstraintOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--json-schema <file>', 'write JSON that follows the schema of a file').conflicts([
        'regex',
        'grammar',
      ]),
    )
    .addOption(new Option('--regex <pattern>', 'write what the pattern matches as a whole').conflicts('grammar'))
    .option('--grammar <file>', "write what follows a grammar in llama.cpp's notation, GBNF");

/**
 * The constraint that the options ask for, if any.
 *
 * @param eosTokenId what ends a text
 * @throws UserError when the schema, pattern or grammar cannot be followed
 */
export async function constraintOption(
  { jsonSchema, regex, grammar }: ConstraintOptions,
  tokenizer: Tokenizer,
  eosTokenId: readonly number[],
): Promise<Constraint | undefined> {
  if (jsonSchema === undefined && regex === undefined && grammar === undefined) return undefined;
  const { compileGbnf, compileJsonSchema, compileRegex, vocabularyOf } = await import('../constrain/index.ts');
  const vocabulary = vocabularyOf(tokenizer, { eosTokenId });
  if (regex !== undefined) return compileRegex(regex, vocabulary);
  const { namingFile } = await import('../support/errors.ts');
  if (jsonSchema !== undefined) {
    const { readJson } = await import('../support/files.ts');
    return compileJsonSchema(readJson(jsonSchema), vocabulary);
  }
  const { readFileSync } = await import('node:fs');
  return compileGbnf(
    namingFile(grammar!, () => readFileSync(grammar!, 'utf8')),
    vocabulary,
  );
}
