/** What a text must follow, as it is asked for, and what becomes of it. */
import { oneOfTexts } from './automata/expression.ts';
import { gbnfGrammar } from './gbnf/compile-gbnf.ts';
import { compileGrammar } from './grammar/compile-grammar.ts';
import type { Grammar } from './grammar/grammar.ts';
import type { Program } from './grammar/program.ts';
import { type JsonSchemaOptions, jsonSchemaGrammar } from './json-schema/compile-json-schema.ts';
import { regexGrammar } from './regex/compile-regex.ts';

export type ConstraintSource =
  | { kind: 'jsonSchema'; schema: unknown; options?: JsonSchemaOptions }
  /** Any JSON object. */
  | { kind: 'json' }
  | { kind: 'regex'; pattern: string }
  /** One of these texts. */
  | { kind: 'choice'; choices: readonly string[] }
  | { kind: 'grammar'; grammar: string };

/**
 * @param isUsable 1 for each byte that the vocabulary can write
 * @throws UserError when no text follows it or none that can be written, it is malformed, or too large
 */
export const compileSource = (source: ConstraintSource, isUsable: Uint8Array): Program =>
  compileGrammar(grammarOf(source), isUsable);

function grammarOf(source: ConstraintSource): Grammar {
  switch (source.kind) {
    case 'json':
      return jsonSchemaGrammar({ type: 'object' });
    case 'jsonSchema':
      return jsonSchemaGrammar(source.schema, source.options);
    case 'regex':
      return regexGrammar(source.pattern);
    case 'choice':
      return { rules: new Map([['root', oneOfTexts(source.choices)]]), root: 'root', where: 'the list of choices' };
    case 'grammar':
      return gbnfGrammar(source.grammar);
  }
}
