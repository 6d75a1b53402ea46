import { appendFileSync, cpSync } from 'node:fs';
import { basename, join } from 'node:path';
import { globSync } from 'tinyglobby';
import { expect, it } from 'vitest';
import { root } from '../../src/support/root.ts';
import { scratchFolder } from '../support/scratch.ts';

interface Plan {
  key: string;
  addon: string;
  flags: string[];
  units: { name: string; files: string[]; flags: string[]; object: string }[];
}

const { planBridge, sanitizerOf } = (await import(join(root, 'scripts/bridge.mjs'))) as {
  planBridge: (root: string, libtorch: object, options?: { sanitizer?: string }) => Plan;
  sanitizerOf: (environment: Record<string, string>) => string | undefined;
};
const libtorch = {
  version: '9.9',
  standard: 'c++17',
  abi: '1',
  include: ['/opt/torch/include'],
  lib: '/opt/torch/lib',
};
const scratch = scratchFolder();

function copyOfSources(name: string): string {
  cpSync(join(root, 'native'), join(scratch, name, 'native'), { recursive: true });
  return join(scratch, name);
}
const objectsOf = ({ units }: Plan): string[] => units.map(({ object }) => basename(object));

it('compiles every source once, in a few units', () => {
  const { units } = planBridge(root, libtorch);
  const files = units.flatMap(unit => unit.files);
  expect(files.toSorted()).toEqual(globSync('native/**/*.cc', { cwd: root, absolute: true }).sort());
  expect(units.length).toBeLessThan(8);
  for (const unit of units) expect(unit.files.length).toBeGreaterThan(1);
});

it('optimises the kernels more than the rest', () => {
  for (const { files, flags } of planBridge(root, libtorch).units) {
    const areKernels = files.every(path => path.includes('native/kernels/'));
    expect(files.some(path => path.includes('native/kernels/'))).toBe(areKernels);
    expect(flags.includes('-O3')).toBe(areKernels);
  }
});

it('warns of what is ours, and not of what is in the headers of others', () => {
  const { flags } = planBridge(root, libtorch);
  expect(flags).toEqual(expect.arrayContaining(['-Wall', '-Wextra', '-isystem/opt/torch/include']));
  // A compiler has its own place for the system's.
  expect(planBridge(root, { ...libtorch, include: ['/usr/include'] }).flags).toContain('-I/usr/include');
});

it('with a sanitizer is another bridge in another place', () => {
  const plain = planBridge(root, libtorch);
  for (const name of ['address', 'undefined', 'address,undefined']) {
    const sanitizer = sanitizerOf({ TSLM_SANITIZE: name });
    const watched = planBridge(root, libtorch, { sanitizer });
    expect(watched.addon).toBe(join(root, `build/sanitize-${name}/tslm.node`));
    expect(watched.flags).toContain(`-fsanitize=${name.split(',')[0]}`);
    expect(watched.key).not.toBe(plain.key);
  }
  expect(sanitizerOf({})).toBeUndefined();
  expect(() => sanitizerOf({ TSLM_SANITIZE: 'memory' })).toThrow("TSLM_SANITIZE is 'memory': it may be address");
});

it('makes the same objects wherever the project lies, others for another libtorch', () => {
  const [a, b] = [copyOfSources('a'), copyOfSources('b')];
  const plan = planBridge(a, libtorch);
  expect(planBridge(b, libtorch).key).toBe(plan.key);
  expect(objectsOf(planBridge(b, libtorch))).toEqual(objectsOf(plan));
  const newer = objectsOf(planBridge(a, { ...libtorch, version: '10.0' }));
  for (const [i, object] of objectsOf(plan).entries()) expect(newer[i]).not.toBe(object);
});

it('compiles again what changed: the unit of a source, everything for a header', () => {
  const copy = copyOfSources('changed');
  const before = objectsOf(planBridge(copy, libtorch));
  appendFileSync(join(copy, 'native/kernels/gelu.cc'), '// more\n');
  const source = objectsOf(planBridge(copy, libtorch));
  expect(source.filter(object => !before.includes(object))).toHaveLength(1);
  appendFileSync(join(copy, 'native/env.h'), '// more\n');
  const header = objectsOf(planBridge(copy, libtorch));
  expect(header.filter(object => source.includes(object))).toEqual([]);
});
