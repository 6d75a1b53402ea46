/** What npm installs with the package suffices for what it imports, for its types as well. */
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('everything that src/ imports is a dependency, types included', () => {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> };
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
