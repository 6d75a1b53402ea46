import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { refuse, size } from '../../src/models/config/keys.ts';
import { families } from '../../src/models/families/index.ts';
import { familiesTable } from '../../src/models/families-table.ts';

describe('docs/FAMILIES.md', () => {
  it('is what the code says (`npm run generate:families` writes it anew)', () => {
    expect(readFileSync('docs/FAMILIES.md', 'utf8')).toBe(familiesTable(families));
  });
});

describe('a row', () => {
  const rows = (schema: z.ZodObject): string[] =>
    familiesTable({ x: { ...families.gpt2, schema } })
      .split('\n')
      .filter(line => line.startsWith('| `'));

  it('says whether a key is supported, and with which values', () => {
    const schema = z.object({
      width: size(7),
      act: z.enum(['relu', 'gelu']).default('gelu'),
      rate: z.number().min(0).max(1).nullish(),
      ids: z.union([z.int(), z.array(z.int())]),
      flag: z.boolean().default(false),
      odd: refuse(false),
    });
    expect(rows(schema)).toEqual([
      '| `act` | supported | `"relu"`, `"gelu"` | `"gelu"` |',
      '| `flag` | supported | true, false | `false` |',
      '| `ids` | supported | whole number or list of whole number |  |',
      '| `odd` | refused | only `false` | `false` |',
      '| `rate` | supported | number ≥ 0, ≤ 1 or null |  |',
      '| `width` | supported | whole number > 0 | `7` |',
    ]);
  });
});
