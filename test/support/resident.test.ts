import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { residentBytes } from '../../src/support/resident.ts';
import { root } from '../../src/support/root.ts';

const MiB = 2 ** 20;

it('is what this process has', () => {
  const { peak, now } = residentBytes();
  expect(now).toBeGreaterThan(20 * MiB);
  expect(peak).toBeGreaterThanOrEqual(now - MiB);
});

it.runIf(process.platform === 'linux')('has a peak without what the parent had', () => {
  const held = Buffer.alloc(400 * MiB, 1);
  const script = `import { residentBytes } from ${JSON.stringify(`${root}/dist/support/resident.js`)};
    console.log(residentBytes().peak);`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(held[0]).toBe(1);
  expect(Number(stdout)).toBeLessThan(200 * MiB);
});
