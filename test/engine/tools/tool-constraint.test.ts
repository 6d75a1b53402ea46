import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { toolConstraint } from '../../../src/engine/tools/tool-constraint.ts';
import { toolFormatOf } from '../../../src/engine/tools/tool-format.ts';

const tools = [
  {
    name: 'f',
    parameters: { properties: { a: { $ref: '#/$defs/n' } }, required: ['a'], $defs: { n: { type: 'integer' } } },
  },
  { name: 'g' },
];
const check = (...given: Parameters<typeof toolConstraint>) => {
  const constraint = toolConstraint(...given);
  if (constraint?.kind !== 'jsonSchema') throw new Error('no schema');
  return new Ajv2020().compile(constraint.schema as object);
};

describe('toolConstraint', () => {
  it('asks for nothing where the model may choose', () => {
    expect(toolConstraint(tools, 'auto', true)).toBeUndefined();
  });

  it('asks for calls of functions that there are, with arguments as they are described', () => {
    const follows = check(tools, 'required', true);
    const f = { name: 'f', arguments: { a: 1 } };
    const g = { name: 'g', arguments: {} };
    expect([[f], [f, g]].map(calls => follows(calls))).toEqual([true, true]);
    for (const wrong of [
      [],
      f,
      [{ ...f, arguments: { a: 'x' } }],
      [{ ...g, arguments: { b: 1 } }],
      [{ ...g, name: 'h' }],
    ]) {
      expect(follows(wrong), JSON.stringify(wrong)).toBe(false);
    }
  });

  it('asks for one call of the function that is named, or of any', () => {
    const named = check(tools, { name: 'g' }, true);
    expect([named({ name: 'g', arguments: {} }), named({ name: 'f', arguments: { a: 1 } })]).toEqual([true, false]);
    expect(check(tools, 'required', false)({ name: 'f', arguments: { a: 1 } })).toBe(true);
  });
});

describe('toolFormatOf', () => {
  it.each([
    ['{{ "[TOOL_CALLS] [" }}', 'mistral'],
    ['return within <tool_call></tool_call> tags', 'hermes'],
    ['{"name": function name, "parameters": dictionary of argument name and its value}', 'llama3'],
    ['{{ messages }}', 'hermes'],
  ])('%s', (template, format) => {
    expect(toolFormatOf(template)).toBe(format);
  });
});
