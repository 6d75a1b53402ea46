import { describe, expect, it } from 'vitest';
import { parseYaml } from '../../src/support/yaml.ts';

describe('parseYaml', () => {
  it('reads what people write', () => {
    expect(parseYaml('a: 1\nb: [x, 2.5]\n', 'x.yaml', 'h')).toEqual({ a: 1, b: ['x', 2.5] });
    expect(parseYaml('', 'x.yaml', 'h')).toBe(null);
  });

  it.each([
    ['a: [1', /^x\.yaml: .+/],
    ['<<: *a', /^x\.yaml: Unresolved alias/],
    [
      `a: &a [x, x, x, x, x, x, x, x, x]\n${[...'bcdefg'].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdef'[i]}`).join(', ')}]`).join('\n')}`,
      /^x\.yaml: Excessive alias count/,
    ],
  ])('refuses %j in one line', (text, message) => {
    expect(() => parseYaml(text, 'x.yaml', 'correct it')).toThrow(
      expect.objectContaining({ code: 'TSLM_BAD_YAML', hint: 'correct it', message: expect.stringMatching(message) }),
    );
  });
});
