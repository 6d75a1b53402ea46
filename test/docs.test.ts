/** What the documentation quotes is what the code says. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

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
