/** Recorded results that no test reads prove nothing: each file is named by a test, and each of its sections where it is read. */
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { globSync } from 'tinyglobby';
import { expect, it } from 'vitest';

/** Where results come from. */
const ORIGIN = ['computed_in', 'format', 'meaning', 'note', 'origin', 'tolerance', 'torch', 'transformers', 'versions'];

/** Folders whose sections are spoilt one by one in `evaluate/sections.test.ts`, and models that a test opens as a whole. */
const ELSEWHERE =
  /^test\/fixtures\/(hf|tuning|tasks\/[^/]*-|objectives\/electra|evaluation\/(runs|twins|data|tasks)|tokenizers\/|saved-dataset)/;

/** Tables of cases by name, whose tests count them. */
const TABLES = ['jinja/conversations-rendered', 'ngram/golden', 'pytorch-bin/expected', 'train/loss-curves'];

const sources = globSync(['test/**/*.ts', 'src/evaluate/verify/**/*.ts']).map(path => ({
  path,
  text: readFileSync(path, 'utf8'),
}));
const files = globSync('test/fixtures/**/*.json').filter(path => !ELSEWHERE.test(path));

/** Those that name a file, or its folder and how it is called. */
function readersOf(path: string): string {
  const [name, folder] = [basename(path, '.json'), dirname(path).replace('test/fixtures', 'fixtures')];
  const readers = sources.filter(({ text }) => text.includes(folder) && text.includes(name));
  const folders = new Set(readers.map(reader => dirname(reader.path)));
  // What reads it may hand it to a helper beside it, or to `verify`.
  return sources
    .filter(({ path: file }) => folders.has(dirname(file)) || file.startsWith('src/'))
    .map(({ text }) => (readers.length > 0 ? text : ''))
    .join('\n');
}

const sectionsOf = (json: unknown): string[] =>
  typeof json === 'object' && json !== null && !Array.isArray(json) ? Object.keys(json) : [];

it('there are recorded results', () => expect(files.length).toBeGreaterThan(25));

it.each(files)('%s is read, with all that is in it', path => {
  const text = readersOf(path);
  expect(text.trim(), 'no test names it').not.toBe('');
  const sections = sectionsOf(JSON.parse(readFileSync(path, 'utf8'))).filter(name => !ORIGIN.includes(name));
  const isNamed = (name: string): boolean =>
    new RegExp(`(?<![\\w-])${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w-])`).test(text);
  const unread = sections.filter(name => !isNamed(name));
  if (TABLES.some(table => path.endsWith(`${table}.json`))) expect(text).toMatch(/Object\.(entries|keys|values)\(/);
  else expect(unread).toEqual([]);
});
