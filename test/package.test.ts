/** What npm installs with the package suffices for what it imports, for its types as well. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Record<
  'dependencies' | 'optionalDependencies' | 'peerDependencies',
  Record<string, string>
>;

it('everything that src/ imports is a dependency, types included', () => {
  // A peer that is optional is there wherever the types that mention it are used.
  const { dependencies: own, optionalDependencies, peerDependencies } = manifest;
  const dependencies = { ...own, ...optionalDependencies, ...peerDependencies };
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'));
  const imported = files.flatMap(file =>
    [...readFileSync(join('src', file), 'utf8').matchAll(/^(?:import|export)[^;]*?from '([^'.][^']*)'/gm)].map(
      ([, name]) => name,
    ),
  );
  const packages = new Set(imported.map(name => name.match(/^(@[^/]+\/)?[^/]+/)![0]));
  expect(packages.size).toBeGreaterThan(10);
  const missing = [...packages].filter(
    name => !name.startsWith('node:') && !builtinModules.includes(name) && !(name in dependencies),
  );
  expect(missing).toEqual([]);
});

it('the tarball has what set-up needs and README links to, and nothing of the build', () => {
  const { status, stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  const packed: unknown = JSON.parse(stdout);
  const [{ files, size }] = Object.values(packed as object) as { files: { path: string }[]; size: number }[];
  const paths = new Set(files.map(({ path }) => path));
  for (const script of ['setup', 'bridge', 'libtorch', 'pip', 'prebuilt', 'system']) {
    expect(paths).toContain(`scripts/${script}.mjs`);
  }
  expect([...paths].filter(path => /\.map$|tsbuildinfo|^(src|test|build)\//.test(path))).toEqual([]);
  expect([...paths].filter(path => path.startsWith('native/')).length).toBeGreaterThan(40);
  const links = [...readFileSync('README.md', 'utf8').matchAll(/\]\(([\w./-]+)\)/g)].map(([, path]) => path);
  expect(links.length).toBeGreaterThan(10);
  expect(links.filter(path => !paths.has(path))).toEqual([]);
  expect(size).toBeLessThan(4e6);
});
