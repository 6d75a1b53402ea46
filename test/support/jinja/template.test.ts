/** Jinja templates, against jinja2 3.1.6 as Transformers 5 sets it up (test/fixtures/jinja/record.py). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TemplateError } from '../../../src/support/jinja/errors.ts';
import { compileTemplate, type TemplateOptions } from '../../../src/support/jinja/template.ts';
import { renderJinja } from '../../../src/tokenizers/chat/jinja.ts';
import { decoded } from './recorded.ts';

const read = (name: string) => JSON.parse(readFileSync(`test/fixtures/jinja/${name}.json`, 'utf8'));

const render = (source: string, variables: Record<string, unknown> = {}, options: TemplateOptions = {}): string =>
  compileTemplate(source, options).render(variables).text;

const failure = (action: () => unknown): TemplateError => {
  try {
    action();
  } catch (error) {
    if (error instanceof TemplateError) return error;
  }
  throw new Error('no TemplateError was thrown');
};

describe('what Jinja makes of templates', () => {
  const { variables, templates }: { variables: object; templates: string[] } = read('probes');
  const rendered: (string | null)[] = read('rendered');
  const given = decoded(variables) as Record<string, unknown>;

  it('has been recorded for each', () => {
    expect(rendered.length).toBe(templates.length);
    expect(templates.length).toBeGreaterThan(3000);
  });

  it('is the same here, and what it refuses is refused with a code', () => {
    const outcome = (template: string): string | null => {
      try {
        return renderJinja(template, given);
      } catch (error) {
        expect(error).toMatchObject({ name: 'UserError', code: 'TSLM_CHAT_TEMPLATE' });
        return null;
      }
    };
    const wrong = templates.flatMap((template, i) => {
      const text = outcome(template);
      return text === rendered[i] ? [] : [{ template, text, recorded: rendered[i] }];
    });
    expect(wrong).toEqual([]);
  });
});

describe('without the options of chat templates', () => {
  it('blocks leave their line, and the last line break goes', () => {
    expect(render('  {% if true %}\nx\n{% endif %}\n')).toBe('  \nx\n');
    expect(render('x\n', {}, { keepTrailingNewline: true })).toBe('x\n');
  });
  it('tojson is safe inside of HTML, with keys in order', () => {
    expect(render('{{ d|tojson }}', { d: { b: "<'", a: 'é' } })).toBe('{"a": "\\u00e9", "b": "\\u003c\\u0027"}');
  });
  it('knows no loop controls and no generation', () => {
    expect(() => render('{% for x in [1] %}{% break %}{% endfor %}')).toThrow(/unknown tag 'break'/);
    expect(() => render('{% generation %}{% endgeneration %}')).toThrow(/unknown tag 'generation'/);
  });
});

describe('strict names', () => {
  const strict = (source: string): string => render(source, { d: {} }, { strictUndefined: true });
  it('may be asked for', () => {
    expect(strict("{{ x is defined }}{{ x|default('y') }}{{ d.x is undefined }}")).toBe('FalseyTrue');
    expect(strict('{{ 1 if false }}')).toBe('');
  });
  it.each([
    '{{ x }}',
    '{{ d.x }}',
    '{% if x %}{% endif %}',
    '{% for y in x %}{% endfor %}',
    '{{ x == 1 }}',
    '{{ [x]|join }}',
  ])('raise when they are used: %s', source => {
    expect(() => strict(source)).toThrow(/undefined|no attribute/);
  });
});

describe('values', () => {
  it('may be changed where the sandbox is left, on copies', () => {
    const l = [1];
    const source = '{% set _ = l.append(2) %}{{ l }}{{ {}.setdefault(1, 2) }}';
    expect(render(source, { l }, { mutable: true })).toBe('[1, 2]2');
    expect(l).toEqual([1]);
    expect(() => render('{{ l.append(2) }}', { l })).toThrow(/unsafe/);
  });
  it('that are the same object stay the same', () => {
    const same = { a: 1 };
    expect(render('{{ x is sameas y }}{{ x == z }}', { x: same, y: same, z: { a: 1 } })).toBe('TrueTrue');
  });
  it('beyond 2^53 are ints with the digits that JSON.parse left of them', () => {
    const x = JSON.parse('9223372036854775807');
    expect(render('{{ x }} {{ [x] }} {{ [x, -x]|tojson }} {{ x + 1 }}', { x })).toBe(
      '9223372036854775808 [9223372036854775808] [9223372036854775808, -9223372036854775808] 9223372036854775809',
    );
    expect(render('{{ x }}', { x: 9223372036854775807n })).toBe('9223372036854775807');
  });
  it('that contain themselves are refused', () => {
    const loop: unknown[] = [];
    loop.push(loop);
    expect(() => render('{{ x }}', { x: loop })).toThrow(/contains itself/);
    expect(() => render('{{ x }}', { x: () => 1 })).toThrow(/a function cannot be given/);
  });
  it('that are undefined are as if they were not there', () => {
    const given = { x: undefined, d: { a: undefined } };
    expect(render("{{ x is defined }}{{ d }}{{ d.a|default('z') }}", given)).toBe('False{}z');
  });
});

describe('errors', () => {
  it('say in which line, and what to do', () => {
    const error = failure(() => render('a\n{% if true %}\n  {{ x.y }}\n{% endif %}'));
    expect(error).toMatchObject({ code: 'TSLM_TEMPLATE', line: 3, message: "'x' is undefined" });
    expect(error.hint).toBeDefined();
    expect(failure(() => render('\n{{ 1 + }}')).line).toBe(2);
  });
  it.each([
    ['nested expressions', `{{ ${'('.repeat(5000)}1${')'.repeat(5000)} }}`],
    ['nested tags', '{% if 1 %}'.repeat(5000) + '{% endif %}'.repeat(5000)],
    ['macros that call themselves', '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}'],
    ['long sums', `{{ ${'a + '.repeat(200_000)}1 }}`],
    ['negations', `{{ ${'not '.repeat(100_000)}1 }}`],
    ['texts without end', "{{ 'a' * 10 ** 12 }}"],
    ['powers without end', '{{ 10 ** (10 ** 9) }}'],
    ['widths without end', "{{ 'a'.ljust(10 ** 12) }}"],
  ])('end what has no end: %s', (_, source) => {
    expect(failure(() => render(source, { a: 1 })).code).toBe('TSLM_TEMPLATE');
  });
});

it('fills in filters, tests and variables of the caller', () => {
  const options: TemplateOptions = {
    filters: { twice: (_, [value]) => [value, value] },
    tests: { seven: (_, [value]) => value === 7n },
    globals: { year: 2024 },
  };
  expect(render('{{ 1|twice }}{{ 7 is seven }}{{ year }}', {}, options)).toBe('[1, 1]True2024');
});

it('chooses at random the same with the same seed', () => {
  const choose = (seed: number): string => render('{{ range(1000)|random }}', {}, { seed });
  expect(choose(1)).toBe(choose(1));
  expect(new Set([1, 2, 3, 4].map(choose)).size).toBeGreaterThan(1);
});
