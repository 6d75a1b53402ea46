/** What the documentation quotes is what the code says. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { isLong } from './helpers/long.ts';
import { scratchFolder } from './support/scratch.ts';
import { taskModels } from './tasks/model-folders.ts';

describe.each(['docs/ADDING-A-FAMILY.md', 'docs/ADDING-AN-OBJECTIVE.md', 'docs/READING-A-MODEL.md'])('%s', path => {
  const page = readFileSync(path, 'utf8');
  const quotes = [...page.matchAll(/```ts\n\/\/ (src\/\S+)\n([\s\S]*?)```/g)].map(([, file, code]) => ({ file, code }));

  it.each(quotes)('quotes $file as it is', ({ file, code }) => {
    expect(readFileSync(file, 'utf8')).toContain(code);
  });

  it('names files that are there', () => {
    expect(quotes.length).toBeGreaterThan(3);
    const named = [...page.matchAll(/`((?:src|test|docs)\/[\w./-]+\.\w+)`/g)].map(([, path]) => path);
    expect(named.length).toBeGreaterThan(0);
    for (const path of named) readFileSync(path, 'utf8');
  });
});

/** An example as it runs outside of the project. */
function withPaths(code: string, models: string): string {
  const modules: Record<string, string> = {
    tslm: 'src/index.ts',
    'tslm/ai-sdk': 'src/ai-sdk/index.ts',
    ai: 'node_modules/ai/dist/index.mjs',
    hono: 'node_modules/hono/dist/index.js',
    zod: 'node_modules/zod/index.js',
  };
  for (const name of ['constrain', 'models', 'objectives', 'train']) modules[`tslm/${name}`] = `src/exports/${name}.ts`;
  const named = code.replace(/'(models|runs)\//g, (_, kind) => `'${kind === 'models' ? models : join(models, kind)}/`);
  return named.replace(/from '([^']+)'/g, (all, name: string) =>
    modules[name] ? `from '${resolve(modules[name])}'` : all,
  );
}

describe.each([
  ['docs/TASKS.md', 4],
  ['docs/LIBRARY.md', 3],
  ['docs/TRAINING.md', 1],
])('%s', (page, least) => {
  const examples = [...readFileSync(page, 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code);
  const folder = page === 'docs/TRAINING.md' ? scratchFolder() : taskModels(join(scratchFolder(), 'models'));

  it('has examples', () => {
    expect(examples.length).toBeGreaterThan(least);
  });

  // Those of the others train models.
  const runs = it.runIf(isLong || page === 'docs/TASKS.md');
  runs.each(examples.map((code, i) => [i + 1, code] as const))('says what works: example %i', async (i, code) => {
    const file = join(folder, `example-${i}.ts`);
    const imports = code.includes('import ') ? '' : "import { pipeline } from 'tslm';\n";
    writeFileSync(file, withPaths(imports + code, folder));
    const log = vi.spyOn(console, 'log').mockReturnValue();
    try {
      await import(file);
      expect(log).toHaveBeenCalled();
      for (const shown of log.mock.calls.flat()) expect(shown).toBeDefined();
    } finally {
      log.mockRestore();
    }
  });
});

describe('docs/papers.md', () => {
  const rows = [...readFileSync('docs/papers.md', 'utf8').matchAll(/^\| (.+ \d{4}) \| (.+) \|$/gm)];

  it('names files that cite the paper', async () => {
    const script = '../scripts/generate-papers.mjs';
    const { papers } = (await import(script)) as { papers: () => Map<string, Set<string>> };
    const cited = papers();
    expect(rows.length).toBeGreaterThan(80);
    const named = rows.flatMap(([, paper, files]) =>
      [...files.matchAll(/\[([^\]]+)\]/g)].map(([, file]) => ({ paper, file })),
    );
    expect(named.length).toBeGreaterThanOrEqual(rows.length);
    const wrong = named.filter(({ paper, file }) => !cited.get(paper)?.has(file));
    expect(wrong).toEqual([]);
  });
});
