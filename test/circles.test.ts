/** Files that import each other in a circle can only be understood together: a type that two share has a file of its own. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { globSync } from 'tinyglobby';
import { describe, expect, it } from 'vitest';

/** Where what is defined is itself recursive: expressions, schemas, tensors, macros, kinds of attention. */
const RECURSIVE = ['constrain', 'models', 'nn', 'support/jinja', 'torch'];

type Graph = ReadonlyMap<string, readonly string[]>;

function graphOf(files: readonly string[]): Graph {
  return new Map(
    files.map(file => {
      const text = readFileSync(join('src', file), 'utf8');
      const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(match => match[1]);
      return [file, specifiers.map(specifier => join(dirname(file), specifier))];
    }),
  );
}

function reachable(graph: Graph, from: string): Set<string> {
  const seen = new Set<string>();
  const open = [...(graph.get(from) ?? [])];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    open.push(...(graph.get(file) ?? []));
  }
  return seen;
}

/** Files that come back to themselves. */
const circular = (graph: Graph): string[] => [...graph.keys()].filter(file => reachable(graph, file).has(file));

describe('imports', () => {
  it('go in circles only where what they define is recursive', () => {
    const graph = graphOf(globSync('**/*.ts', { cwd: 'src' }));
    expect([...graph.values()].flat().length).toBeGreaterThan(1000);
    const files = circular(graph);
    expect(files.filter(file => !RECURSIVE.some(folder => file.startsWith(`${folder}/`)))).toEqual([]);
  });

  it('are followed over several files', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['a']],
      ['d', ['a']],
    ]);
    expect(circular(graph)).toEqual(['a', 'b', 'c']);
  });
});
