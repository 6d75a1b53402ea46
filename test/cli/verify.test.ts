/** `tslm verify` on one recording and on several: what is printed, and how it ends. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../src/support/root.ts';
import { tslmHere } from '../helpers/cli.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = join(root, 'test/fixtures/evaluation');
const [samplers, literals] = ['samplers.json', 'python_literals.json'].map(name => join(folder, name));
const scratch = scratchFolder();

describe('verify', () => {
  it('prints every comparison of one recording', async () => {
    const { code, stdout } = await tslmHere(['verify', samplers]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^case +quantity/);
    expect(stdout.match(/ pass$/gm)!.length).toBe(Number(stdout.match(/\n(\d+) compared, all agree\n$/)![1]));
  });

  it('prints a line for each of several, what differs, and all together', async () => {
    const wrong = join(scratch, 'wrong.json');
    const recorded = JSON.parse(readFileSync(join(folder, 'metrics.json'), 'utf8'));
    recorded.span_f1.default.micro.f1 += 0.25;
    writeFileSync(wrong, JSON.stringify(recorded));
    const { code, stdout } = await tslmHere(['verify', samplers, wrong, literals]);
    expect(code).toBe(1);
    const lines = stdout.trim().split('\n');
    const counts = [samplers, wrong, literals].map(path => {
      const line = lines.find(one => one.startsWith(`${path}: `))!;
      expect(line).toMatch(path === wrong ? /compared, 1 differ$/ : /compared, all agree$/);
      return Number(line.match(/: (\d+) compared/)![1]);
    });
    expect(stdout.match(/FAIL/g)).toHaveLength(1);
    expect(lines.at(-1)).toBe(`${counts.reduce((a, b) => a + b)} compared, 1 differ`);

    const json = JSON.parse((await tslmHere(['verify', samplers, literals, '--json'])).stdout);
    expect(json.map(({ path, pass }: { path: string; pass: boolean }) => [path, pass])).toEqual([
      [samplers, true],
      [literals, true],
    ]);
  });
});
