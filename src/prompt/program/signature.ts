/**
 * A typed prompt: zod says what goes in and what comes out, so that TypeScript knows both, a wrong field is an error before
 * anything is asked, and the model can only write what the output's JSON schema allows (Khattab et al. 2023, arXiv:2310.03714,
 * call it a signature).
 */
import { z } from 'zod';
import type { ConstraintSource } from '../../constrain/index.ts';
import { render } from '../../evaluate/harness/templates.ts';
import { usageError } from '../../support/errors.ts';
import { parseOptions } from '../../support/schema.ts';
import type { PromptText } from '../completer.ts';
import { CONTENT_FREE } from '../examples/calibration.ts';
import { type Parsed, type Parser, schemaParser } from './parsers.ts';
import type { Generation, Problem } from './problem.ts';

/** A row with everything that the templates name. */
export type Fields = Record<string, unknown>;

export interface Prompt<Input extends Fields = Fields, Value = unknown> {
  readonly name: string;
  readonly input: z.ZodType<Input>;
  readonly generation: Generation;
  readonly isChat: boolean;
  readonly separator: string;
  readonly constraint?: ConstraintSource;
  /** The question alone. @throws UserError for fields that are missing or wrong */
  question(fields: Fields, where?: string): string;
  /** What an example's answer looks like in the prompt. */
  answer(row: Fields, where?: string): string;
  /** What the model is asked: instruction, examples, question. */
  render(fields: Fields, examples?: readonly Fields[], where?: string): PromptText;
  /** The right answer of a row; null where it has none that the parser would find. */
  target(row: Fields, where?: string): Parsed<Value> | null;
  parse(text: string): Parsed<Value> | null;
  problem(fields: Fields, examples?: readonly Fields[], where?: string): Problem;
}

export interface PromptOptions<Input extends Fields, Value> {
  name?: string;
  input: z.ZodType<Input>;
  /** What the answer is: it is asked for as JSON of this schema. Leave it out where `parser` finds the answer. */
  output?: z.ZodType<Value>;
  parser?: Parser<Value>;
  /** In front of everything; in a conversation the system's message. */
  instruction?: string;
  /** Jinja over the fields: the question. */
  template: string;
  /** Jinja: what an example's answer looks like, behind the question. Default `' {{ target }}'`; in conversations `'{{ target }}'`. */
  answer?: string;
  /** Jinja: a row's right answer. Default `'{{ target }}'`. */
  target?: string;
  /** Between examples. Default an empty line. */
  separator?: string;
  /** Examples and question are turns of a conversation. Default false. */
  chat?: boolean;
  generation?: Partial<Generation>;
}

/** @throws UserError when neither `output` nor `parser` says what an answer is */
export function definePrompt<Input extends Fields, Value = unknown>(
  options: PromptOptions<Input, Value>,
): Prompt<Input, Value> {
  const { name = 'prompt', input, output, instruction, template, separator = '\n\n', chat: isChat = false } = options;
  const parser =
    options.parser ?? schemaParser(jsonSchemaOf(output ?? z.string()), (output ?? z.string()) as z.ZodType<Value>);
  const { answer = isChat ? '{{ target }}' : ' {{ target }}', target = '{{ target }}' } = options;
  const generation: Generation = { maxTokens: 256, temperature: 0, stop: [], ...options.generation };
  const fieldsOf = (fields: Fields, where: string): Fields => {
    requireFields(input, fields, where);
    return { ...fields, ...(parseOptions(input, fields, where) as Fields) };
  };
  const question = (fields: Fields, where = name): string =>
    render(template, fieldsOf(fields, where), `${where}: template`);
  const answerOf = (row: Fields, where = name): string =>
    typeof row[COMPLETION] === 'string' ? row[COMPLETION] : render(answer, row, `${where}: answer`);

  function rendered(asked: string, turns: readonly (readonly [question: string, answer: string])[]): PromptText {
    if (!isChat) return (instruction ?? '') + [...turns.map(([q, a]) => q + a), asked].join(separator);
    return [
      ...(instruction === undefined ? [] : [{ role: 'system', content: instruction }]),
      ...turns.flatMap(([q, a]) => [
        { role: 'user', content: q },
        { role: 'assistant', content: a },
      ]),
      { role: 'user', content: asked },
    ];
  }

  const prompt: Prompt<Input, Value> = {
    name,
    input,
    generation,
    isChat,
    separator,
    constraint: parser.constraint,
    question,
    answer: answerOf,
    render: (fields, examples = [], where = name) =>
      rendered(
        question(fields, where),
        examples.map((row, i) => {
          const place = `${where}, example ${i + 1}`;
          return [question(row, place), answerOf(row, place)] as const;
        }),
      ),
    target: (row, where = name) => parser.known(render(target, row, `${where}: target`)),
    parse: text => parser.parse(text),
    problem(fields, examples = [], where = name) {
      const asked = question(fields, where);
      return {
        question: asked,
        prompt: prompt.render(fields, examples, where),
        generation,
        constraint: parser.constraint,
        parse: text => parser.parse(text),
        ...(parser.choices && {
          choices: parser.choices.map(choice => ({
            key: choice,
            text: answerOf({ ...fields, target: choice }, where),
          })),
          contentFree: CONTENT_FREE.map(nothing => prompt.render(emptied(fields, nothing), examples, where)),
        }),
        ask: other => question(other, where),
        withExamples: (own, other = asked) =>
          rendered(
            other,
            own.map(one => [one.question, one.answer] as const),
          ),
      };
    },
  };
  return prompt;
}

/** @throws UserError that names a field that is missing, and those that are there */
function requireFields(input: z.ZodType, fields: Fields, where: string): void {
  const shape = input instanceof z.ZodObject ? (input.shape as Record<string, z.ZodType>) : {};
  const missing = Object.keys(shape).find(
    name => fields[name] === undefined && !shape[name].safeParse(undefined).success,
  );
  if (missing === undefined) return;
  const found = Object.keys(fields);
  throw usageError(
    'TSLM_MISSING_FIELD',
    `${where}: the field '${missing}' is missing`,
    found.length === 0 ? 'give it' : `there are ${found.join(', ')}`,
  );
}

/** A field of an example that is its answer as it stands, in place of the template: what a model wrote itself. */
export const COMPLETION = 'completion';

/** The fields with texts that say nothing; numbers and lists stay. */
const emptied = (fields: Fields, nothing: string): Fields =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? nothing : value]),
  );

const jsonSchemaOf = (output: z.ZodType): Record<string, unknown> => {
  const { $schema: _, ...schema } = z.toJSONSchema(output) as Record<string, unknown>;
  return schema;
};
