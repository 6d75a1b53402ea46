/** The modules of src/constrain come one after the other: at run time none imports, by way of others, what imports it. */
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { globSync } from 'tinyglobby';
import { expect, it } from 'vitest';

const root = 'src/constrain';

/** What is imported as a value; types are gone when the module runs. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/^(?:import|export) (?!type )([^;]*?)\s*from '(\.[^']+)'/gms)].flatMap(([, names, path]) => {
    const inBraces = /\{([^}]*)\}/
      .exec(names)?.[1]
      .split(',')
      .map(name => name.trim());
    const isTypes = inBraces?.every(name => name === '' || name.startsWith('type '));
    return isTypes ? [] : [normalize(join(dirname(file), path))];
  });
}

it('has no circles of imports', () => {
  const files = globSync('**/*.ts', { cwd: root }).map(normalize);
  const imports = new Map(files.map(file => [file, importsOf(file).filter(path => files.includes(path))]));
  expect(files.length).toBeGreaterThan(40);
  expect(imports.get(normalize('json-schema/builder.ts'))!.length).toBeGreaterThan(5);
  // What imports only what is done already is done; a circle never is.
  const done = new Set<string>();
  for (let grew = true; grew; ) {
    grew = false;
    for (const [file, needed] of imports) {
      if (done.has(file) || !needed.every(path => done.has(path))) continue;
      done.add(file);
      grew = true;
    }
  }
  expect(files.filter(file => !done.has(file))).toEqual([]);
});
