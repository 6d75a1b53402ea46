/**
 * The data sets of ../shared/data as rows that `tslm finetune` reads: FOLDER/<task>/{train,validation}.jsonl. Where a set has no
 * development part, each tenth row is held out; readings are split by article. From the folder of the project:
 *
 *   npm run bench && node build/bench/bench/tasks/rows.js FOLDER
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';

type Row = Record<string, unknown>;
interface Split {
  train: Row[];
  validation: Row[];
}

const DATA = '../shared/data';

const text = (path: string): string => {
  const bytes = readFileSync(join(DATA, path));
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').replaceAll('\r\n', '\n');
};
const lines = (path: string): string[] => text(path).trimEnd().split('\n');
const table = (path: string): string[][] => parse(text(path), { relax_column_count: true }) as string[][];

/** Each tenth row is held out, after a shuffle that is the same each time. */
function cut(rows: Row[]): Split {
  const order = rows.map((row, i) => ({ row, key: Math.imul(i + 1, 0x9e3779b1) >>> 0 })).sort((a, b) => a.key - b.key);
  return {
    train: order.filter((_, i) => i % 10 !== 0).map(({ row }) => row),
    validation: order.filter((_, i) => i % 10 === 0).map(({ row }) => row),
  };
}

/** Words and tags, a sentence between blank lines. BMES becomes BIO: the same spans under the names that scorers know. */
function tagged(path: string, separator: string): Row[] {
  return text(path)
    .trim()
    .split(/\n\s*\n/)
    .map(sentence => {
      const pairs = sentence.split('\n').map(line => line.split(separator));
      return { tokens: pairs.map(([word]) => word), tags: pairs.map(pair => bioOf(pair.at(-1)!)) };
    });
}

const bioOf = (tag: string): string => tag.replace(/^[SB]-/, 'B-').replace(/^[ME]-/, 'I-');

interface Article {
  paragraphs: {
    context: string;
    qas: { id: string; question: string; answers: { text: string; answer_start: number }[] }[];
  }[];
}

/** Answers whose place does not hold them are put where they are first found, or left out. */
const readings = (articles: Article[]): Row[] =>
  articles.flatMap(({ paragraphs }) =>
    paragraphs.flatMap(({ context, qas }) =>
      qas.flatMap(({ id, question, answers }) => {
        const points = [...context];
        const right = answers.flatMap(({ text, answer_start }) => {
          if (points.slice(answer_start, answer_start + [...text].length).join('') === text)
            return [{ text, answer_start }];
          const found = context.indexOf(text);
          return found < 0 ? [] : [{ text, answer_start: [...context.slice(0, found)].length }];
        });
        if (right.length === 0) return [];
        return [
          {
            id,
            question,
            context,
            answers: { text: right.map(a => a.text), answer_start: right.map(a => a.answer_start) },
          },
        ];
      }),
    ),
  );

function byArticle(articles: Article[]): Split {
  return {
    train: readings(articles.filter((_, i) => i % 10 !== 0)),
    validation: readings(articles.filter((_, i) => i % 10 === 0)),
  };
}
const articles = (path: string): Article[] => (JSON.parse(text(path)) as { data: Article[] }).data;

const labelled = (rows: [text: string, label: string][]): Row[] => rows.map(([text, label]) => ({ text, label }));
const tsv = (path: string): [string, string][] => lines(path).map(line => line.split('\t') as [string, string]);

export const TASKS: Record<string, () => Split> = {
  sst2: () => ({ train: labelled(tsv('sst2/train.tsv')), validation: labelled(tsv('sst2/dev.tsv')) }),
  trec: () =>
    cut(
      lines('trec-questions/TREC.train.txt').map(line => {
        const [, label, text] = /^(\w+):\S+ (.*)$/.exec(line)!;
        return { text, label };
      }),
    ),
  'ag-news': () => ({
    train: labelled(table('ag-news/train.csv.gz').map(([label, text]) => [text, label])),
    validation: labelled(table('ag-news/valid.csv').map(([label, text]) => [text, label])),
  }),
  waimai: () =>
    cut(
      labelled(
        table('chinese-sentiment/waimai.train.csv')
          .slice(1)
          .map(([label, text]) => [text, label]),
      ),
    ),
  thucnews: () => cut(labelled(tsv('thucnews-headlines/train.txt'))),
  stsb: () => {
    const rows = (path: string): Row[] =>
      table(path).map(([text, pair, score]) => ({ text, pair, label: Number(score) }));
    return { train: rows('stsb/stsb-en-train.csv'), validation: rows('stsb/stsb-en-dev.csv') };
  },
  wnut17: () => ({ train: tagged('wnut17-ner/train.conll', '\t'), validation: tagged('wnut17-ner/dev.conll', '\t') }),
  'resume-ner': () => ({
    train: tagged('resume-ner/train.char.bmes.gz', ' '),
    validation: tagged('resume-ner/dev.char.bmes', ' '),
  }),
  squad: () => byArticle(articles('squad-v1.1/dev-part1.json.gz')),
  cmrc: () =>
    byArticle([...articles('cmrc2018/cmrc2018_trial.json.gz'), ...articles('cmrc2018/cmrc2018_dev-part1.json.gz')]),
  semeval: () =>
    cut(
      text('semeval2010-task8/TRAIN_FILE.TXT.gz')
        .trim()
        .split(/\n\s*\n/)
        .map(block => {
          const [sentence, label] = block.split('\n');
          return { text: sentence.replace(/^\d+\t"|"$/g, ''), label: label.trim() };
        }),
    ),
  dialogsum: () =>
    cut(
      lines('dialogsum/dialogsum.dev.jsonl.gz')
        .map(line => JSON.parse(line) as { dialogue: string; summary: string })
        .map(({ dialogue, summary }) => ({ source: dialogue, target: summary })),
    ),
};

function write(folder: string, names: readonly string[]): void {
  for (const name of names) {
    const split = TASKS[name]();
    mkdirSync(join(folder, name), { recursive: true });
    for (const [part, rows] of Object.entries(split)) {
      writeFileSync(join(folder, name, `${part}.jsonl`), rows.map((row: Row) => `${JSON.stringify(row)}\n`).join(''));
    }
    process.stderr.write(`${name}: ${split.train.length} rows, ${split.validation.length} held out\n`);
  }
}

const [folder, ...names] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: rows.js FOLDER [TASK ...]\n');
  process.exit(2);
}
write(folder, names.length > 0 ? names : Object.keys(TASKS));
