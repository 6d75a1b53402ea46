/** Grammars, schemas and patterns that were damaged at random: a text follows each, or it is refused with a code. */
import { it } from 'vitest';
import { compileGbnf, compileJsonSchema, compileRegex } from '../../src/constrain/index.ts';
import { damage, expectBoth } from '../helpers/damage.ts';
import { mutateBytes, mutateJsonFile, mutateText } from '../helpers/mutations.ts';
import { vocabulary } from './sampling.ts';

const GRAMMAR = String.raw`
root   ::= value
value  ::= object | array | string | number | "true" | "false" | "null"
object ::= "{" ws ( member ("," ws member)* )? "}" ws
member ::= string ":" ws value ws
array  ::= "[" ws ( value ws ("," ws value ws)* )? "]" ws
string ::= "\"" char* "\""
char   ::= [^"\\\x00-\x1F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4})
number ::= "-"? ("0" | [1-9] [0-9]{0,10}) ("." [0-9]{1,5})?
ws     ::= [ \t\n]{0,3}
`;
const SCHEMA = JSON.stringify({
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 20, pattern: '^[a-z]+$' },
    age: { type: 'integer', minimum: 0, maximum: 150 },
    tags: { type: 'array', items: { enum: ['a', 'b', 1, null] }, minItems: 1, maxItems: 4, uniqueItems: true },
    child: { $ref: '#' },
    when: { type: 'string', format: 'date-time' },
    either: { anyOf: [{ const: 1 }, { type: 'boolean' }, { allOf: [{ type: 'number' }, { multipleOf: 5 }] }] },
  },
  required: ['name'],
  additionalProperties: false,
});
const PATTERN = String.raw`^(?:[A-Za-z_]\w{0,8}|\p{Lu}[^\d\s]*|\x41|(?<year>\d{4})-\d\d?)+(?:, ?[^,]*){1,3}$`;
const signs = mutateText([
  ...[
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '*',
    '+',
    '?',
    '|',
    '\\',
    '^',
    '$',
    '.',
    '-',
    '{0,99999999}',
    '{3,1}',
    '(?=',
    '\\1',
  ],
  ...['\\p{', '\\u{110000}', '(((', 'root', '::=', '"', '\n', '#', '\ud800', '{1000}{1000}', '(?<a>', '\\b'],
]);

it.each([
  ['GBNF', GRAMMAR, signs, (text: string) => compileGbnf(text, vocabulary)],
  ['GBNF, bytes', GRAMMAR, mutateBytes, (text: string) => compileGbnf(text, vocabulary)],
  ['a schema', SCHEMA, mutateJsonFile, (text: string) => compileJsonSchema(JSON.parse(text), vocabulary)],
  ['a pattern', PATTERN, signs, (text: string) => compileRegex(text, vocabulary)],
  ['a pattern, bytes', PATTERN, mutateBytes, (text: string) => compileRegex(text, vocabulary)],
])('%s', { timeout: 1_800_000 }, async (_, original, mutate, compile) => {
  const outcome = await damage(Buffer.from(original), {
    mutate,
    read: bytes => void compile(bytes.toString()).start().mask(),
  });
  expectBoth(outcome);
});
