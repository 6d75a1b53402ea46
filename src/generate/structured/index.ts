/** Structured output: constraints on generated text from JSON Schemas, regular expressions and grammars. */
export type { Constraint, ConstraintState } from './constraint.ts';
export { compileGbnf } from './gbnf/compile-gbnf.ts';
export { compileJsonSchema, type JsonSchemaOptions } from './json-schema/compile-json-schema.ts';
export { compileRegex } from './regex/compile-regex.ts';
export {
  createVocabulary,
  tokenTexts,
  type Vocabulary,
  type VocabularyOptions,
  vocabularyOf,
} from './vocabulary/vocabulary.ts';
