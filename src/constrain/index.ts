/** Structured output: constraints on generated text from JSON Schemas, regular expressions and grammars. */
export { type ConstraintCompiler, compilerInThread, startCompiler } from './compiler.ts';
export { type Constraint, type ConstraintState, loadConstraint } from './constraint.ts';
export { compileGbnf } from './gbnf/compile-gbnf.ts';
export { compileJsonSchema, type JsonSchemaOptions } from './json-schema/compile-json-schema.ts';
export { compileRegex } from './regex/compile-regex.ts';
export type { ConstraintSource } from './source.ts';
export {
  createVocabulary,
  tokenTexts,
  type Vocabulary,
  type VocabularyOptions,
  vocabularyOf,
} from './vocabulary/vocabulary.ts';
export { vocabularyFrom } from './vocabulary/vocabulary-data.ts';
export { spentSoFar } from './work.ts';
