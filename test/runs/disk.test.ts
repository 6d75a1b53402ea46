/** Disks that are full, files that may not grow, places that may not be written. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { checkpointSteps } from '../../src/runs/checkpoints.ts';
import { bin, expectRefusal, runProcess, tslm } from '../helpers/cli.ts';
import { metricsOf } from '../helpers/runs.ts';
import { tinyCorpus, tinyRecipeValue } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const place = (name: string): string => join(folder, name);
const corpus = tinyCorpus(place('corpus'));
const recipe = place('recipe.yaml');
writeFileSync(
  recipe,
  stringify(
    tinyRecipeValue(corpus, {
      train: { steps: 40 },
      evaluation: { every: 0, windows: 4 },
      checkpoints: { every: 4, keep: 30 },
    }),
  ),
);

const mounted: string[] = [];
/** A small file system of its own, or undefined where this process may not mount one. */
function mountTmpfs(name: string, options: string): string | undefined {
  const path = place(name);
  mkdirSync(path);
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { stdio: 'ignore' });
  if (status !== 0) return undefined;
  mounted.push(path);
  return path;
}
afterAll(() => {
  for (const path of mounted) execFileSync('umount', [path]);
});

const canMount = (() => {
  const path = mountTmpfs('probe', 'size=64k');
  return path !== undefined;
})();

const weightsOf = (run: string, step: number): string =>
  readFileSync(join(run, 'checkpoints', `step-${String(step).padStart(7, '0')}`, 'model.safetensors'), 'base64');

describe.skipIf(!canMount)('a full disk (needs the right to mount a tmpfs)', () => {
  it('stops the run with the name of what could not be written; its checkpoints are whole, and it can go on', async () => {
    await tslm(['train', recipe, '--out', place('straight')]);
    const disk = mountTmpfs('disk', 'size=900k')!;
    const run = join(disk, 'run');
    const full = await tslm(['train', recipe, '--out', run]);
    expect(full.code, full.stderr).toBe(1);
    expect(full.stderr).toMatch(new RegExp(`tslm: ${run}/.*: the disk is full\n  → free some space`));
    expect(full.stdout).toBe('');
    const steps = checkpointSteps(run);
    expect(steps.length).toBeGreaterThan(1);
    expect(steps.at(-1)).toBeLessThan(40);
    for (const step of steps) expect(weightsOf(run, step)).toBe(weightsOf(place('straight'), step));
    expect(readdirSync(join(run, 'checkpoints')).filter(name => name.includes('.tmp'))).toEqual([]);

    // Still full: the same again, and nothing is lost by trying.
    const again = await tslm(['resume', run]);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('the disk is full');
    expect(checkpointSteps(run)).toEqual(steps);

    execFileSync('mount', ['-o', 'remount,size=20m', disk]);
    const resumed = await tslm(['resume', run]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(metricsOf(run)).toEqual(metricsOf(place('straight')));
  });

  it('that is full from the start leaves nothing half made', async () => {
    const disk = mountTmpfs('tiny-disk', 'size=8k')!;
    writeFileSync(join(disk, 'filler'), new Uint8Array(4096));
    const outcome = await tslm(['train', recipe, '--out', join(disk, 'run')]);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('the disk is full');
    const left = readdirSync(disk, { recursive: true }) as string[];
    expect(left.filter(name => name.includes('.tmp'))).toEqual([]);
    expect(left.filter(name => /checkpoints|model/.test(name))).toEqual([]);
  });

  it('says so when the file system is read-only', async () => {
    const disk = mountTmpfs('read-only', 'size=4m')!;
    cpSync(place('straight'), join(disk, 'run'), { recursive: true });
    rmSync(join(disk, 'run', 'checkpoints', 'step-0000040'), { recursive: true });
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    expectRefusal(await tslm(['train', recipe, '--out', join(disk, 'new')]), 1, /read-only/);
    const resumed = await tslm(['resume', join(disk, 'run')]);
    expect(resumed.code).toBe(1);
    expect(resumed.stderr).toMatch(/tslm: .*\/run\/.*read-only/);
    expect(existsSync(join(disk, 'new'))).toBe(false);
  });
});

describe('a place that may not be written', () => {
  const isRoot = process.getuid?.() === 0;
  /** As root, as the user nobody. Undefined where that cannot be arranged. */
  const asNobody = (args: string[]): [string, string[]] | undefined => {
    if (!isRoot) return [process.execPath, [bin, ...args]];
    const prefix = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath];
    const { status } = spawnSync('setpriv', [...prefix, bin, '--version'], { stdio: 'ignore' });
    return status === 0 ? ['setpriv', [...prefix, bin, ...args]] : undefined;
  };
  const locked = place('locked');
  mkdirSync(locked, { mode: 0o555 });
  const command = asNobody(['train', recipe, '--out', join(locked, 'run')]);

  it.skipIf(command === undefined)('is named (as root, needs setpriv to be somebody else)', async () => {
    execFileSync('chmod', ['-R', 'a+rX', corpus, recipe]);
    chmodSync(folder, 0o755);
    expectRefusal(await runProcess(...command!), 1, new RegExp(`${locked}/run: permission denied`));
  });
});

describe('a limit on the size of files', () => {
  it('stops the run with the name of the file, and its last checkpoint is whole', async () => {
    const run = place('limited');
    // In blocks of 1 KiB; the weights take about 31 kB, the optimizer's state twice that. Node ignores SIGXFSZ.
    const script = `ulimit -f 50; trap '' XFSZ; exec "$0" "$@"`;
    const outcome = await runProcess('bash', ['-c', script, process.execPath, bin, 'train', recipe, '--out', run]);
    expect(outcome.code, outcome.stderr).toBe(1);
    expect(outcome.stderr).toMatch(
      new RegExp(`tslm: ${run}/.*larger than this process may write\n  → raise the limit`),
    );
    expect(checkpointSteps(run)).toEqual([]);
    const resumed = await tslm(['resume', run]);
    expect(resumed.code, resumed.stderr).toBe(0);
  });
});
