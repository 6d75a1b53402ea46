import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { knownKeys, parseOptions } from '../../src/support/schema.ts';

const schema = z.strictObject({
  name: z.string(),
  train: z.strictObject({ steps: z.int().positive(), batchSize: z.int().default(8) }).optional(),
  parts: z.array(z.strictObject({ weight: z.number() })).default([]),
});

const failure = (value: unknown) => {
  try {
    parseOptions(schema, value, 'tiny.yaml');
  } catch (error) {
    return error;
  }
  throw new Error('nothing was wrong');
};

describe('parseOptions', () => {
  it('fills in defaults', () => {
    expect(parseOptions(schema, { name: 'x', train: { steps: 1 } }, 'x')).toEqual({
      name: 'x',
      train: { steps: 1, batchSize: 8 },
      parts: [],
    });
  });

  it('names the nearest key for an unknown one, at any depth', () => {
    expect(failure({ name: 'x', trian: {} })).toMatchObject({
      code: 'TSLM_UNKNOWN_KEY',
      exitCode: 2,
      message: "tiny.yaml: unknown key 'trian'",
      hint: "did you mean 'train'?",
    });
    expect(failure({ name: 'x', train: { steps: 1, bathSize: 3 } })).toMatchObject({
      message: "tiny.yaml: unknown key 'train.bathSize'",
      hint: "did you mean 'train.batchSize'?",
    });
    expect(failure({ name: 'x', parts: [{ weight: 1 }, { weight: 1, wight: 2 }] })).toMatchObject({
      message: "tiny.yaml: unknown key 'parts.1.wight'",
      hint: "did you mean 'parts.1.weight'?",
    });
  });

  it('lists the known keys when none is near', () => {
    expect(failure({ name: 'x', zzzzzz: 1 })).toMatchObject({ hint: 'known keys here: name, train, parts' });
  });

  it('names the path of a bad value', () => {
    expect(failure({ name: 'x', train: { steps: -1 } })).toMatchObject({
      code: 'TSLM_BAD_VALUE',
      exitCode: 2,
      message: expect.stringMatching(/^tiny.yaml: 'train.steps': /),
    });
    expect(failure(3)).toMatchObject({ message: expect.stringMatching(/^tiny.yaml: Invalid input/) });
  });
});

describe('alternatives that one key tells apart', () => {
  const shapes = z.strictObject({
    shape: z
      .preprocess(
        value => ({ kind: 'circle', ...(value as object) }),
        z.discriminatedUnion('kind', [
          z.strictObject({ kind: z.literal('circle'), radius: z.number().default(1) }),
          z.strictObject({ kind: z.literal('box'), width: z.number(), height: z.number().default(2) }),
        ]),
      )
      .prefault({}),
  });
  const problem = (value: unknown) => {
    try {
      parseOptions(shapes, { shape: value }, 'x');
    } catch (error) {
      return error;
    }
    throw new Error('nothing was wrong');
  };

  it('have their own defaults and their own keys', () => {
    expect(parseOptions(shapes, {}, 'x')).toEqual({ shape: { kind: 'circle', radius: 1 } });
    expect(parseOptions(shapes, { shape: { kind: 'box', width: 1 } }, 'x').shape).toMatchObject({ height: 2 });
    expect(problem({ kind: 'box', widht: 1, width: 1 })).toMatchObject({ hint: "did you mean 'shape.width'?" });
    expect(problem({ radios: 1 })).toMatchObject({ hint: "did you mean 'shape.radius'?" });
    expect(problem({ kind: 'box' })).toMatchObject({
      code: 'TSLM_MISSING_KEY',
      message: "x: 'shape.width' is missing",
    });
  });

  it('are listed by what the value names, the first otherwise', () => {
    expect(knownKeys(shapes, ['shape'])).toEqual(['kind', 'radius']);
    expect(knownKeys(shapes, ['shape'], { shape: { kind: 'box' } })).toEqual(['kind', 'width', 'height']);
  });

  it('are suggested for one that is not there', () => {
    const code = 'TSLM_BAD_VALUE';
    expect(problem({ kind: 'bix' })).toMatchObject({
      code,
      message: "x: 'shape.kind': 'bix' is not known",
      hint: "did you mean 'box'?",
    });
    expect(problem({ kind: 'tetrahedron' })).toMatchObject({ code, hint: 'known: circle, box' });
  });
});

describe('knownKeys', () => {
  it('looks through what wraps an object', () => {
    expect(knownKeys(schema)).toEqual(['name', 'train', 'parts']);
    expect(knownKeys(schema, ['train'])).toEqual(['steps', 'batchSize']);
    expect(knownKeys(schema.nullable().default(null), ['train'])).toEqual(['steps', 'batchSize']);
    expect(knownKeys(schema, ['name'])).toEqual([]);
    expect(knownKeys(schema, ['nowhere', 'x'])).toEqual([]);
  });
});
