/**
 * Masks of constraints: time to compile, the first mask, and each token after it, with a vocabulary of 32,768. What a
 * token costs is advancing and finding the mask; the ceiling is filling one mask of that size with a constant.
 *
 *     npm run bench && node build/bench/bench/structured.js [FILE.txt …]
 *
 * Without FILE the vocabulary is trained on wikitext-2 of ../shared/data. Texts are drawn from the masks, and every state
 * is new at first: percentiles are over the tokens of the first texts (cold) and of later ones (warm).
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import {
  type Constraint,
  compileGbnf,
  compileJsonSchema,
  compileRegex,
  type Vocabulary,
  vocabularyOf,
} from '../src/constrain/index.ts';
import { createRandom, type Random } from '../src/support/random.ts';
import { trainTokenizer } from '../src/tokenizers/training/train.ts';

const files = process.argv.length > 2 ? process.argv.slice(2) : ['../shared/data/wikitext-2/train.txt.gz'];
const text = files
  .map(path => (path.endsWith('.gz') ? gunzipSync(readFileSync(path)) : readFileSync(path)).toString('utf8'))
  .join('\n');
const tokenizer = await trainTokenizer(text.match(/[^\n]*\n|[^\n]+$/g)!, { vocabSize: 32_768 });

const start = performance.now();
const vocabulary = vocabularyOf(tokenizer);
console.log(`vocabulary of ${vocabulary.size} in ${(performance.now() - start).toFixed(0)} ms`);

const person = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    born: { type: 'string', format: 'date' },
    age: { type: 'integer', minimum: 0, maximum: 130 },
    email: { type: ['string', 'null'], format: 'email' },
    roles: { type: 'array', items: { enum: ['reader', 'writer', 'admin'] }, maxItems: 4 },
    address: {
      type: 'object',
      properties: {
        street: { type: 'string', maxLength: 60 },
        city: { type: 'string' },
        zip: { type: 'string', pattern: '^\\d{5}$' },
      },
      required: ['street', 'city'],
      additionalProperties: false,
    },
    note: { type: 'string', maxLength: 500 },
  },
  required: ['name', 'age', 'address'],
  additionalProperties: false,
};
const tree = {
  $defs: {
    node: {
      type: 'object',
      properties: { value: { type: 'number' }, children: { type: 'array', items: { $ref: '#/$defs/node' } } },
      required: ['value'],
    },
  },
  $ref: '#/$defs/node',
};
const jsonGrammar = String.raw`root ::= value
value ::= object | array | string | number | "true" | "false" | "null"
object ::= "{" ws ( string ws ":" ws value (ws "," ws string ws ":" ws value)* )? ws "}"
array ::= "[" ws ( value (ws "," ws value)* )? ws "]"
string ::= "\"" ([^"\\\x00-\x1F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4}))* "\""
number ::= "-"? ("0" | [1-9] [0-9]*) ("." [0-9]+)? ([eE] [-+]? [0-9]+)?
ws ::= [ \t\n]{0,4}`;

const closers = [...vocabulary.eosTokenId, ...['"', '}', ']'].map(char => tokenizer.tokenToId(char)!)];

const constraints: [string, () => Constraint][] = [
  ['any JSON', () => compileJsonSchema(true, vocabulary)],
  ['a person, compact', () => compileJsonSchema(person, vocabulary)],
  ['a person, spaced', () => compileJsonSchema(person, vocabulary, { maxWhitespace: 8 })],
  ['a tree, recursive', () => compileJsonSchema(tree, vocabulary)],
  ['JSON in GBNF', () => compileGbnf(jsonGrammar, vocabulary)],
  ['a regular expression', () => compileRegex('(\\p{Lu}\\w+ ){2,5}was born in \\d{4}\\.', vocabulary)],
  ['any text', () => compileRegex('[^]*', vocabulary)],
];

const fill = new Uint32Array(Math.ceil(vocabulary.size / 32));
const ceiling = timed(() => {
  for (let i = 0; i < 1000; i++) fill.fill(i);
});
console.log(`ceiling, filling a mask: ${ceiling.toFixed(2)} µs`);
console.log(
  `${'µs a token'.padEnd(22)} compile ms  first mask ms   cold p50      p99      max   warm p50      p99      max`,
);
for (const [name, compile] of constraints) {
  const before = performance.now();
  const constraint = compile();
  const compiled = performance.now();
  constraint.start().mask();
  const first = performance.now() - compiled;
  const random = createRandom(1);
  const cold = Array.from({ length: 3 }, () => textOf(constraint, vocabulary, random)).flat();
  for (let i = 0; i < 20; i++) textOf(constraint, vocabulary, random);
  const warm = Array.from({ length: 20 }, () => textOf(constraint, vocabulary, random)).flat();
  const columns = [...percentiles(cold), ...percentiles(warm)].map(value => value.toFixed(1).padStart(8)).join(' ');
  console.log(
    `${name.padEnd(22)} ${(compiled - before).toFixed(1).padStart(10)} ${first.toFixed(1).padStart(14)}   ${columns}`,
  );
}

/** Microseconds of each token of a text: to advance, and to find the next mask. */
function textOf(constraint: Constraint, { eosTokenId }: Vocabulary, random: Random): number[] {
  const state = constraint.start();
  const times: number[] = [];
  let mask = state.mask();
  for (let i = 0; i < 400; i++) {
    const id = drawn(mask, random, i > 250);
    if (eosTokenId.includes(id)) break;
    const began = performance.now();
    state.advance(id);
    mask = state.mask();
    times.push((performance.now() - began) * 1000);
  }
  return times;
}

/** A token of the mask, drawn evenly; at the end one that closes, where there is one. Leaves no garbage to be timed. */
function drawn(mask: Uint32Array, random: Random, closes: boolean): number {
  const isSet = (id: number): boolean => ((mask[id >> 5] >>> (id & 31)) & 1) === 1;
  if (closes || random.next() < 0.08) {
    const closer = closers.find(isSet);
    if (closer !== undefined) return closer;
  }
  let count = 0;
  for (let id = 0; id < vocabulary.size; id++) if (isSet(id)) count++;
  let left = random.below(count);
  for (let id = 0; ; id++) if (isSet(id) && left-- === 0) return id;
}

function percentiles(times: number[]): [p50: number, p99: number, max: number] {
  const sorted = times.sort((a, b) => a - b);
  return [sorted[sorted.length >> 1], sorted[Math.floor(sorted.length * 0.99)], sorted[sorted.length - 1]];
}

/** Microseconds of one of a thousand. */
function timed(work: () => void): number {
  work();
  const began = performance.now();
  work();
  return performance.now() - began;
}
