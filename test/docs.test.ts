/** What the documentation quotes is what the code says. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { scratchFolder } from './support/scratch.ts';
import { taskModels } from './tasks/model-folders.ts';

const page = readFileSync('docs/ADDING-A-FAMILY.md', 'utf8');
const quotes = [...page.matchAll(/```ts\n\/\/ (src\/\S+)\n([\s\S]*?)```/g)].map(([, file, code]) => ({ file, code }));

describe('docs/ADDING-A-FAMILY.md', () => {
  it.each(quotes)('quotes $file as it is', ({ file, code }) => {
    expect(readFileSync(file, 'utf8')).toContain(code);
  });

  it('names files that are there', () => {
    expect(quotes.length).toBeGreaterThan(3);
    for (const [, path] of page.matchAll(/`((?:src|test|docs)\/[\w./-]+\.\w+)`/g)) readFileSync(path, 'utf8');
  });
});

describe('docs/TASKS.md', () => {
  const tasks = readFileSync('docs/TASKS.md', 'utf8');
  const examples = [...tasks.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code);
  const folder = taskModels(join(scratchFolder(), 'models'));

  it('has examples', () => {
    expect(examples.length).toBeGreaterThan(4);
  });

  it.each(examples.map((code, i) => [i + 1, code] as const))('says what works: example %i', async (i, code) => {
    const library = `'${resolve('src/index.ts')}'`;
    const imports = code.includes("from 'tslm'") ? '' : `import { pipeline } from ${library};\n`;
    const file = join(folder, `example-${i}.ts`);
    writeFileSync(file, imports + code.replaceAll("'tslm'", library).replaceAll("'models/", `'${folder}/`));
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
