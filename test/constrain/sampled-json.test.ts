/**
 * What is sampled from random logits under random schemas, with the vocabularies of byte-level tokenizers: every text that
 * comes to an end is valid, and no text comes to where nothing may follow.
 */
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { constrain } from '../../src/constrain/constrain.ts';
import { type Constraint, compileJsonSchema, type Vocabulary, vocabularyOf } from '../../src/constrain/index.ts';
import { UserError } from '../../src/support/errors.ts';
import { createRandom, type Random } from '../../src/support/random.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { addStandardFormats } from './ajv-formats.ts';
import { randomSchema } from './random-schemas.ts';
import { type Draft, wildSchema } from './wild-schemas.ts';

const SCHEMAS = process.env.TSLM_LONG ? 250 : 40;
const SAMPLES = 4;
/** Schemas are drawn from seeds one after the other; TSLM_SEED starts elsewhere, to look for more. */
const FIRST_SEED = Number(process.env.TSLM_SEED ?? 1_000_000);
const timeout = 300_000;

const vocabularies = ['byte_bpe_gpt2', 'byte_bpe_qwen2'].map(name => {
  const tokenizer = Tokenizer.fromFile(`test/fixtures/tokenizers/${name}/tokenizer.json`);
  const eosTokenId = [tokenizer.tokenToId('<|endoftext|>')!];
  const closers = ['"', '}', ']'].map(char => tokenizer.tokenToId(char)!);
  return { tokenizer, vocabulary: vocabularyOf(tokenizer, { eosTokenId }), preferred: [...eosTokenId, ...closers] };
});

const options = { strict: false, ownProperties: true, logger: false } as const;
const validators = { 7: new Ajv(options), 2020: new Ajv2020(options) };
for (const ajv of Object.values(validators)) addStandardFormats(ajv);

const validator = (schema: unknown, draft: Draft): ((value: unknown) => boolean) =>
  validators[draft].compile(schema as object) as (value: unknown) => boolean;

/** Tokens with the highest of random logits; from `length` on what ends or closes is preferred. */
function sample(
  constraint: Constraint,
  { vocabulary, preferred }: { vocabulary: Vocabulary; preferred: readonly number[] },
  random: Random,
  length: number,
): number[] | undefined {
  const mask = constrain(constraint, 0, vocabulary.eosTokenId);
  const ids: number[] = [];
  const logits = new Float32Array(vocabulary.size);
  for (let step = 0; step < length + 600; step++) {
    for (let id = 0; id < logits.length; id++) logits[id] = random.next();
    if (step >= length && random.below(4) > 0) for (const id of preferred) logits[id] += 1;
    mask(ids, logits);
    let best = 0;
    for (let id = 1; id < logits.length; id++) if (logits[id] > logits[best]) best = id;
    if (logits[best] === Number.NEGATIVE_INFINITY) throw new Error(`nothing may follow ${ids.join(' ')}`);
    if (vocabulary.eosTokenId.includes(best)) return ids;
    ids.push(best);
  }
  return undefined;
}

/** How many of the samples came to an end; each is parsed and validated. */
function check(constraint: Constraint, isValid: (value: unknown) => boolean, seed: number, schema: unknown): number {
  const random = createRandom(seed);
  const { tokenizer, ...rest } = vocabularies[seed % vocabularies.length];
  let finished = 0;
  for (let i = 0; i < SAMPLES; i++) {
    const ids = sample(constraint, rest, random, 5 + 30 * i);
    if (!ids) continue;
    const text = tokenizer.decode(ids, { cleanUpTokenizationSpaces: false });
    expect(isValid(JSON.parse(text)), `seed ${seed}: ${text} of ${JSON.stringify(schema)}`).toBe(true);
    finished++;
  }
  return finished;
}

describe('what is sampled', { timeout }, () => {
  it('follows schemas whose keywords fit each other', () => {
    let finished = 0;
    for (let seed = 0; seed < SCHEMAS; seed++) {
      const { schema } = randomSchema(createRandom(FIRST_SEED + seed));
      const { vocabulary } = vocabularies[seed % vocabularies.length];
      const constraint = compileJsonSchema(schema, vocabulary, { maxWhitespace: seed % 3 === 0 ? 2 : 0 });
      finished += check(constraint, validator(schema, 2020), seed, schema);
    }
    expect(finished).toBeGreaterThan(0.95 * SCHEMAS * SAMPLES); // some need more tokens than are drawn
  });

  it('follows schemas of any keywords, or these are refused by name', () => {
    let compiled = 0;
    let finished = 0;
    const refused: Record<string, number> = {};
    for (let seed = 0; compiled < SCHEMAS && seed < 10 * SCHEMAS; seed++) {
      const draft = seed % 3 === 0 ? 7 : 2020;
      const schema = wildSchema(createRandom(FIRST_SEED + seed), draft);
      const { vocabulary } = vocabularies[seed % vocabularies.length];
      const isValid = validator(schema, draft);
      try {
        const constraint = compileJsonSchema(schema, vocabulary);
        finished += check(constraint, isValid, seed, schema);
        compiled++;
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        refused[error.code] = (refused[error.code] ?? 0) + 1;
        if (error.code === 'TSLM_UNSATISFIABLE') {
          const value = PLAIN.find(isValid);
          expect(value, `seed ${seed}: no text, but a value that is valid under ${JSON.stringify(schema)}`).toBe(
            undefined,
          );
        }
      }
    }
    expect(compiled).toBe(SCHEMAS);
    expect(finished).toBeGreaterThan(0.95 * SCHEMAS * SAMPLES); // some need more tokens than are drawn
    expect(Object.keys(refused).filter(code => !REFUSALS.includes(code))).toEqual([]);
  });
});

const REFUSALS = ['TSLM_UNSATISFIABLE', 'TSLM_UNSUPPORTED_KEYWORD', 'TSLM_CONSTRAINT_TOO_LARGE'];

const SCALARS = [
  null,
  true,
  false,
  0,
  1,
  -1,
  2,
  3,
  12,
  -3,
  2.5,
  60,
  -120,
  '',
  'a',
  'ab',
  'abc',
  'a1',
  '"',
  'é',
  'x.com',
];
/** Values of which one is valid under most schemas that allow any. */
const PLAIN: unknown[] = [
  ...SCALARS,
  ...['2024-02-29', '12:00:00Z', '127.0.0.1', '::1', 'a@b.cd', 'http://a', 'P3D'],
  ...[[], {}],
  ...SCALARS.flatMap(value => [[value], [value, value], { a: value }, { b: value }, { p1: value }, { id: value }]),
];
