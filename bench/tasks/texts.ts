/**
 * Text to pretrain encoders and decoders on: what ../shared/data has of a language, and what the tasks of rows.ts have to learn from, without
 * their labels. Nothing that is held out. From the folder of the project, after rows.js:
 *
 *   npm run bench && node build/bench/bench/tasks/texts.js ROWS OUT      # OUT/en.jsonl, OUT/zh.jsonl
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const DATA = '../shared/data';
const [rows, out] = process.argv.slice(2);
if (out === undefined) {
  process.stderr.write('usage: texts.js ROWS OUT\n');
  process.exit(2);
}

const read = (path: string): string => {
  const bytes = readFileSync(path);
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').replaceAll('\r\n', '\n');
};
const data = (path: string): string => read(join(DATA, path));
const jsonLines = (path: string): Record<string, string>[] =>
  read(path)
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, string>);

/** Paragraphs of books, put together to documents of some thousand characters. */
function pieces(text: string, least = 4000): string[] {
  const documents: string[] = [];
  let document = '';
  for (const paragraph of text.split(/\n\s*\n/)) {
    document += `${paragraph.replaceAll('\n', ' ').trim()}\n`;
    if (document.length >= least) {
      documents.push(document);
      document = '';
    }
  }
  return document.trim() === '' ? documents : [...documents, document];
}

/** WikiText's articles begin with ` = Title = `; its tokens are put together as they were written. */
const wikitext = (): string[] =>
  data('wikitext-2/train.txt.gz')
    .split(/\n(?= = [^=]+ = \n)/)
    .map(article =>
      article
        .replace(/ @(.)@ /g, '$1')
        .replace(/ ([.,;:!?)])/g, '$1')
        .replace(/\( /g, '('),
    );

/** The texts of a task's training rows; many short ones to a document. */
function taskTexts(task: string, columns: readonly string[], gap: string): string[] {
  const texts = jsonLines(join(rows, task, 'train.jsonl')).flatMap(row =>
    columns.map(column => (Array.isArray(row[column]) ? (row[column] as string[]).join(gap) : row[column])),
  );
  const documents: string[] = [];
  for (let i = 0; i < texts.length; i += 16) documents.push([...new Set(texts.slice(i, i + 16))].join('\n'));
  return documents;
}

const books = (folder: string): string[] =>
  readdirSync(join(DATA, folder))
    .filter(name => /\.txt(\.gz)?$/.test(name))
    .flatMap(name => pieces(data(`${folder}/${name}`)));

const languages = {
  en: () => [
    ...wikitext(),
    ...books('gutenberg'),
    ...data('wiki-en-sample/wiki_demo.txt.gz').split('\n'),
    ...taskTexts('sst2', ['text'], ' '),
    ...taskTexts('trec', ['text'], ' '),
    ...taskTexts('ag-news', ['text'], ' '),
    ...taskTexts('stsb', ['text', 'pair'], ' '),
    ...taskTexts('wnut17', ['tokens'], ' '),
    ...taskTexts('semeval', ['text'], ' ').map(text => text.replace(/<\/?e\d>/g, '')),
    ...taskTexts('squad', ['context', 'question'], ' '),
    ...taskTexts('dialogsum', ['source'], ' '),
  ],
  zh: () => [
    ...books('chinese-novels'),
    ...taskTexts('waimai', ['text'], ''),
    ...taskTexts('thucnews', ['text'], ''),
    ...taskTexts('resume-ner', ['tokens'], ''),
    ...taskTexts('cmrc', ['context', 'question'], ''),
    ...data('csl-titles-zh/train.tsv.gz')
      .split('\n')
      .map(line => line.replace('\t', '\n')),
    ...jsonLines(join(DATA, 'chinese-poetry', readdirSync(join(DATA, 'chinese-poetry'))[0])).map(poem =>
      [poem.title, ...(poem.paragraphs as unknown as string[])].join('\n'),
    ),
  ],
};

mkdirSync(out, { recursive: true });
for (const [language, documents] of Object.entries(languages)) {
  const texts = documents().filter(text => text.trim() !== '');
  writeFileSync(join(out, `${language}.jsonl`), texts.map(text => `${JSON.stringify({ text })}\n`).join(''));
  const characters = texts.reduce((sum, text) => sum + text.length, 0);
  process.stderr.write(`${language}: ${texts.length} documents, ${(characters / 1e6).toFixed(1)} million characters\n`);
}
