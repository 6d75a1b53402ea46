/** The data card of a corpus, `README.md`. */
import { describeDecision } from '../../support/encoding/describe.ts';
import { formatBytes } from '../../support/format.ts';
import { type CorpusIndex, SPLITS, sentencesFileOf } from '../corpus/corpus-index.ts';
import { type ExampleText, encodingCounts, type PrepareReport } from './report.ts';

/** Sources that are listed one by one. */
const LISTED = 50;

/** The data card of a corpus, `README.md`: what a person should know before training on it. */
export function dataCard(index: CorpusIndex, report: PrepareReport): string {
  return [
    '# Data card',
    summary(index, report),
    section('Splits', splitTable(index)),
    section('From reading to keeping', table(['stage', 'documents', 'bytes'], stageRows(report))),
    section('Examples of what filters removed', removedExamples(report)),
    section('Encodings', encodings(report)),
    section('Repairs', repairs(report)),
    section('Preprocessing', preprocessing(index)),
    section('Languages, by script', scripts(report)),
    section('Near-duplicates that were removed', duplicates(report)),
    section('Sources', sources(report)),
    section('Hashes', hashes(index)),
    section('To make it again', `    ${command(index)}`),
  ]
    .filter(Boolean)
    .join('\n\n')
    .concat('\n');
}

function summary(index: CorpusIndex, { warnings }: PrepareReport): string {
  const { vocab_size, dtype, prefix_token_ids: prefix, eos_token_id, splits } = index;
  const after = eos_token_id === null ? 'with nothing after them' : `each followed by the token ${eos_token_id}`;
  const eos = prefix.length > 0 ? `each after the token ${prefix.join(', ')}, ${after}` : after;
  const text = `${number(splits.train.tokens)} training tokens of a vocabulary of ${number(vocab_size)}, stored as ${dtype}; documents lie in reading order, ${eos}.`;
  return [text, ...warnings.map(warning => `**Note:** ${warning}.`)].join('\n\n');
}

function splitTable({ splits }: CorpusIndex): string {
  const hasSentences = splits.train.sentences !== undefined;
  const rows = SPLITS.map(name => {
    const { documents, sentences = 0, tokens, characters, bytes } = splits[name];
    const counts = [documents, ...(hasSentences ? [sentences] : []), tokens, characters, bytes];
    return [name, ...counts.map(number)];
  });
  const columns = ['documents', ...(hasSentences ? ['sentences'] : []), 'tokens', 'characters', 'bytes'];
  return table(['split', ...columns], rows);
}

function stageRows({ read, removed, kept }: PrepareReport): string[][] {
  const reasons = Object.entries(removed).map(([reason, { documents, bytes }]) => [
    `removed: ${reason}`,
    number(documents),
    number(bytes),
  ]);
  return [
    ['read', number(read.documents), number(read.bytes)],
    ...reasons,
    ['kept', number(kept.documents), number(kept.bytes)],
  ];
}

const repairs = ({ repaired }: PrepareReport): string =>
  Object.entries(repaired)
    .map(([repair, documents]) => `- ${repair}: ${number(documents)} documents`)
    .join('\n');

const preprocessing = ({ preprocessing: steps = [] }: CorpusIndex): string =>
  steps
    .map(({ step, documents, characters, lists = [] }) => {
      const words = lists.map(list => `; ${number(list.words)} words of ${list.name}, SHA-256 \`${list.sha256}\``);
      return `- ${step}: ${number(characters)} characters in ${number(documents)} documents${words.join('')}`;
    })
    .join('\n');

/** Files of each encoding, where not all are UTF-8. */
function encodings({ sources: all }: PrepareReport): string {
  const counts = encodingCounts(all);
  if (counts.every(({ encoding }) => encoding === 'utf-8')) return '';
  return counts
    .map(({ encoding, files, detected, lowest }) => {
      const how =
        detected > 0 ? `, ${number(detected)} of them detected (confidence at least ${lowest.toFixed(2)})` : '';
      return `- ${encoding}: ${number(files)} ${files === 1 ? 'file' : 'files'}${how}`;
    })
    .join('\n');
}

function scripts({ scripts: letters }: PrepareReport): string {
  const total = Object.values(letters).reduce((sum, n) => sum + n, 0);
  return Object.entries(letters)
    .sort(([, a], [, b]) => b - a)
    .filter(([, n]) => n / total >= 0.0005)
    .map(([script, n]) => `- ${script}: ${((100 * n) / total).toFixed(1)}%`)
    .join('\n');
}

const cite = ({ path, document, text }: ExampleText): string =>
  `${path}, document ${document}: “${text.replace(/\s+/g, ' ').trim()}”`;

const removedExamples = ({ removedExamples: all }: PrepareReport): string =>
  Object.entries(all)
    .filter(([reason]) => reason !== 'empty')
    .flatMap(([reason, examples]) => [`- ${reason}`, ...examples.map(example => `  - ${cite(example)}`)])
    .join('\n');

function duplicates({ nearDuplicates }: PrepareReport): string {
  return nearDuplicates
    .map(({ similarity, kept, removed }) => `- ${similarity.toFixed(2)} alike\n  - ${cite(kept)}\n  - ${cite(removed)}`)
    .join('\n');
}

function sources({ sources: all }: PrepareReport): string {
  const read = all.filter(({ skipped }) => !skipped);
  const lines = read.slice(0, LISTED).map(source => {
    const { path, size, documents, sha256, badRecords, badExamples, encoding, failure } = source;
    const bad = badExamples.map(({ line }) => line).join(', ');
    const note = [
      encoding && describeDecision(encoding),
      badRecords > 0 && `${badRecords} unreadable records left out (line ${bad})`,
      failure && `not read to the end: ${failure.message}`,
    ]
      .filter(Boolean)
      .map(text => `; ${text}`)
      .join('');
    return `- ${path}: ${formatBytes(size)}, ${number(documents)} documents${note}${sha256 === undefined ? '' : `, SHA-256 \`${sha256}\``}`;
  });
  if (read.length > LISTED) lines.push(`- and ${number(read.length - LISTED)} more files`);
  for (const kind of ['binary', 'empty']) {
    const skipped = all.filter(source => source.skipped === kind).length;
    if (skipped > 0) lines.push(`- skipped: ${number(skipped)} ${kind} files`);
  }
  return lines.join('\n');
}

function hashes({ tokenizer_sha256, splits }: CorpusIndex): string {
  const shards = SPLITS.flatMap(name => splits[name].shards).flatMap(({ file, sha256, sentences_sha256 }) => [
    `- ${file}: \`${sha256}\``,
    ...(sentences_sha256 === undefined ? [] : [`- ${sentencesFileOf(file)}: \`${sentences_sha256}\``]),
  ]);
  return [`- tokenizer (its content, not its layout): \`${tokenizer_sha256}\``, ...shards].join('\n');
}

/** Options that are on unless they are turned off. */
const BY_DEFAULT = new Set(['header', 'clean', 'dedup', 'bos', 'eos']);

/** The command line that gives these options. */
function command({ options, seed }: CorpusIndex): string {
  const { inputs, validationInputs, testInputs, ...rest } = options as Record<string, unknown> & { inputs: string[] };
  const flags = Object.entries<unknown>({ ...rest, seed }).flatMap(([key, value]) => {
    const flag = `--${key.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`;
    if (typeof value === 'boolean') {
      if (value === BY_DEFAULT.has(key)) return [];
      return [value ? flag : flag.replace('--', '--no-')];
    }
    if (value === undefined) return [];
    if (Array.isArray(value)) return value.flatMap(one => [flag, quote(one)]);
    return [flag, quote(String(value))];
  });
  const whole = [
    ['--validation-input', validationInputs],
    ['--test-input', testInputs],
  ] as [string, string[]][];
  for (const [flag, paths] of whole) if (paths.length > 0) flags.push(flag, ...paths.map(quote));
  return ['tslm prepare', ...inputs.map(quote), ...flags, '--out DIR'].join(' ');
}

const quote = (word: string): string => (/^[\w./:,=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

const number = (n: number): string => n.toLocaleString('en-US');

const section = (title: string, body: string): string => (body === '' ? '' : `## ${title}\n\n${body}`);

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map(line).join('\n');
}
