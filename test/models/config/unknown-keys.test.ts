/** Configurations as they are published: what opens, what opens with a warning, and what is refused. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeModel } from '../../../src/models/auto.ts';
import { refuseWarning } from '../../../src/support/warnings.ts';
import { scratchFolder } from '../../support/scratch.ts';

interface Case {
  name: string;
  base: string;
  keys: Record<string, unknown>;
  /** Part of the only warning, or of the error; with neither it opens without a word. */
  warns?: string;
  fails?: string;
}

const { bases, cases } = JSON.parse(readFileSync('test/fixtures/configs.json', 'utf8')) as {
  bases: Record<string, Record<string, unknown>>;
  cases: Case[];
};
const root = scratchFolder();

describe.each(cases.map((one, i) => [`${one.base}: ${one.name}`, one, i] as const))('%s', (_name, one, i) => {
  const folder = join(root, String(i));
  mkdirSync(folder);
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...bases[one.base], ...one.keys }));
  const warnings: string[] = [];
  const open = (): unknown => describeModel(folder, { onWarning: message => warnings.push(message) });

  it(one.fails === undefined ? 'opens' : 'is refused', () => {
    if (one.fails !== undefined) {
      expect(open).toThrow(one.fails);
      return;
    }
    open();
    expect(warnings).toEqual(one.warns === undefined ? [] : [expect.stringContaining(one.warns)]);
    expect(warnings.every(warning => warning.startsWith(join(folder, 'config.json')))).toBe(true);
  });

  it.skipIf(one.warns === undefined)('is refused when warnings are errors', () => {
    expect(() => describeModel(folder, { onWarning: refuseWarning })).toThrow(
      expect.objectContaining({ code: 'TSLM_STRICT', hint: expect.stringContaining('--strict') }),
    );
  });
});
