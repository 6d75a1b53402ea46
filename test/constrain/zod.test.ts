import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { compileJsonSchema } from '../../src/constrain/index.ts';
import { createRandom } from '../../src/support/random.ts';
import { accepts, vocabulary } from './sampling.ts';

const random = createRandom(1);

describe('a schema of zod', () => {
  const person = z.object({ name: z.string(), age: z.int().min(0), tags: z.array(z.enum(['a', 'b'])).optional() });

  it('holds texts to what it parses', () => {
    const constraint = compileJsonSchema(person, vocabulary);
    for (const text of ['{"name":"Ada","age":36}', '{"name":"","age":0,"tags":["a","b"]}']) {
      expect(accepts(constraint, text, random), text).toBe(true);
      person.parse(JSON.parse(text));
    }
    for (const text of [
      '{}',
      '7',
      '{"name":"Ada","age":-1}',
      '{"name":"Ada","age":1,"tags":["c"]}',
      '{"name":1,"age":1}',
    ]) {
      expect(accepts(constraint, text, random), text).toBe(false);
    }
  });

  it('is refused where JSON Schema cannot say it', () => {
    expect(() => compileJsonSchema(z.object({ when: z.date() }), vocabulary)).toThrow(
      expect.objectContaining({ name: 'UserError', message: expect.stringContaining('Date') }),
    );
  });
});

it('a vocabulary is needed', () => {
  const withoutVocabulary = compileJsonSchema as unknown as (schema: object) => void;
  expect(() => withoutVocabulary({ type: 'string' })).toThrow('for a vocabulary, and none was given');
});
