/** `tslm augment`, and what docs/AUGMENTATION.md says that it writes. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectRefusal, tslmHere } from '../helpers/cli.ts';
import { commandsIn } from '../helpers/command-lines.ts';
import { scratchFolder } from '../support/scratch.ts';
import { taskModels } from '../tasks/model-folders.ts';

const folder = scratchFolder();
const fixtures = 'test/fixtures/augment';
const [reviews, synonyms] = [join(fixtures, 'reviews.jsonl'), join(fixtures, 'synonyms.txt')];
let made = 0;
const place = (): string => join(folder, `${made++}.jsonl`);

const rowsOf = (path: string): Record<string, unknown>[] =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));

async function augment(...args: string[]) {
  const out = place();
  const { stdout, stderr, code } = await tslmHere(['augment', ...args, '--out', out, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return { out, report: JSON.parse(stdout), rows: rowsOf(out) };
}

describe('tslm augment', () => {
  it('writes what docs/AUGMENTATION.md shows', async () => {
    const page = readFileSync('docs/AUGMENTATION.md', 'utf8');
    const shown = (name: string) => page.split(`<!-- ${name} -->\n\`\`\`json\n`)[1].split('```')[0];
    expect(readFileSync(reviews, 'utf8')).toBe(shown('reviews.jsonl'));
    const options = commandsIn(page)[0].slice(
      'augment reviews.jsonl --out more.jsonl --synonyms synonyms.txt'.split(' ').length,
    );
    const { out, report } = await augment(reviews, '--synonyms', synonyms, ...options);
    expect(readFileSync(out, 'utf8')).toBe(shown('more.jsonl'));
    expect(report).toMatchObject({ rows: 2, written: 6, variants: 4, unchanged: 0, method: 'eda', seed: 1 });
  });

  it('takes words with tags, and operations without synonyms', async () => {
    const tagged = join(folder, 'tagged');
    writeFileSync(tagged, JSON.stringify({ tokens: ['Ann', 'Lee', 'sat'], tags: ['B-PER', 'I-PER', 'O'], id: 7 }));
    const operations = ['--operation', 'swap', '--operation', 'delete'];
    const { rows } = await augment(tagged, '--column', 'tokens', '--tags', 'tags', ...operations, '--alpha', '0.5');
    expect(rows.length).toBeGreaterThan(3);
    for (const { tokens, tags, id } of rows) {
      expect(['Ann Lee sat', 'sat Ann Lee', 'Ann Lee', 'sat']).toContain((tokens as string[]).join(' '));
      expect((tags as string[]).length).toBe((tokens as string[]).length);
      expect(id).toBe(7);
    }
  });

  it('translates back', async () => {
    const models = taskModels(join(folder, 'models'));
    const model = join(models, 't5');
    const args = ['--method', 'back-translation', '--column', 'text', '--max-new-tokens', '6', '--variants', '2'];
    const given = [reviews, ...args, '--forward', model, '--backward', model];
    const { report, rows } = await augment(...given);
    expect(report.written).toBe(2 + report.variants);
    expect(report.variants + report.unchanged).toBe(4);
    expect(rows.map(({ label }) => label)).toEqual(expect.arrayContaining(['positive', 'negative']));
    expect((await augment(...given)).rows).toEqual(rows);
  });

  it('refuses what does not go together, and leaves nothing behind', async () => {
    const inner = join(folder, 'refused');
    mkdirSync(inner);
    const out = join(inner, 'out.jsonl');
    const bad = join(folder, 'bad');
    writeFileSync(bad, '{"text": "fine film"}\n{"txt": "no"}\n');
    const refused: [string[], RegExp][] = [
      [[reviews], /'synonym' needs synonyms/],
      [[reviews, '--operation', 'shuffle'], /'shuffle' is not known; there are synonym, insert, swap, delete/],
      [[reviews, '--synonyms', synonyms, '--alpha', '2'], /alpha/],
      [[reviews, '--synonyms', synonyms, '--forward', 'm'], /--forward is not for the method 'eda'/],
      [[reviews, '--synonyms', synonyms, '--vectors', 'v'], /both given/],
      [[reviews, '--method', 'back-translation'], /needs a model/],
      [[reviews, '--method', 'back-translation', '--forward', 'm'], /told the languages/],
      [[reviews, '--method', 'back-translation', '--alpha', '0.1'], /--alpha is not for/],
      [[bad, '--synonyms', synonyms], /bad: row 2: no column 'text'/],
    ];
    for (const [args, message] of refused) {
      expectRefusal(await tslmHere(['augment', ...args, '--out', out]), 2, message);
    }
    expect(readdirSync(inner)).toEqual([]);
    writeFileSync(out, 'mine');
    expectRefusal(await tslmHere(['augment', reviews, '--synonyms', synonyms, '--out', out]), 2, /there is a file/);
    expect(readFileSync(out, 'utf8')).toBe('mine');
    await tslmHere(['augment', reviews, '--synonyms', synonyms, '--out', out, '--overwrite']);
    expect(rowsOf(out).length).toBeGreaterThan(2);
  });
});
