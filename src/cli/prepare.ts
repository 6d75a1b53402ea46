/** `tslm prepare`: its options, and how the result is printed. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { PrepareResult } from '../data/prepare/prepare.ts';
import { formatBytes, formatCount, formatDuration } from '../support/format.ts';
import { collect } from './options.ts';
import { withSignals } from './signals.ts';
import { prepareProgress } from './views/prepare-view.ts';

/** `tslm prepare INPUT… --out DIR`: from texts to a corpus directory. */
export function prepareCommand(): Command {
  return new Command('prepare')
    .description('read, clean, deduplicate, split and tokenise texts into a corpus directory')
    .argument(
      '<input...>',
      'files, folders and globs: text, source code, .jsonl, .json, .csv, .tsv, .parquet, .arrow; each also .gz, .zst',
    )
    .requiredOption('--out <dir>', 'corpus directory to write')
    .option('--overwrite', 'replace a corpus that is there already')
    .optionsGroup('Tokenizer:')
    .option(
      '--tokenizer <path>',
      'tokenizer.json, or a folder that holds one (default: train one on the training split)',
    )
    .addOption(new Option('--tokenizer-kind <kind>', 'what to train').choices(['byte-bpe', 'char']).default('byte-bpe'))
    .option('--vocab-size <n>', 'tokens of the tokenizer to train', whole, 16384)
    .option('--tokenizer-sample <bytes>', 'text to train it on, at most', whole, 50e6)
    .option('--no-bos', 'put nothing before each document, even where the tokenizer begins texts with a BOS token')
    .option('--no-eos', 'put no EOS token after each document')
    .addOption(
      new Option(
        '--sentences [language]',
        'record where sentences begin, for objectives that learn from documents; by the rules of en, zh, … (default: auto, which tells Chinese documents from others)',
      ).preset('auto'),
    )
    .optionsGroup('Reading:')
    .option(
      '--column <name>',
      'field of the text in JSON, CSV, Parquet and Arrow, or a path to it, such as meta.text',
      'text',
    )
    .option('--template <text>', "fields put together in place of one column: '{title}\\n{body}'")
    .option('--delimiter <character>', 'of CSV, such as ; or tab', delimiter)
    .option('--no-header', 'CSV and TSV start with a record, and columns are called 1, 2, 3, …')
    .addOption(
      new Option('--document <unit>', 'what is a document in text and source code')
        .choices(['file', 'paragraph', 'line'])
        .default('file'),
    )
    .option(
      '--max-document-bytes <n>',
      'cut longer documents, at the end of a paragraph where possible (default: 1 MiB; 16 MiB with --split tail)',
      whole,
    )
    .option('--encoding <name>', 'of files that are not UTF-8, such as gb18030; auto finds it out', 'auto')
    .option('--include <glob...>', 'in folders, read only these files')
    .option('--exclude <glob...>', 'in folders, do not read these files')
    .optionsGroup('Splits:')
    .addOption(
      new Option(
        '--split <how>',
        "by the hash of each document's text, or the last parts in reading order; auto: by hash unless documents are few",
      )
        .choices(['auto', 'hash', 'tail'])
        .default('auto'),
    )
    .option('--validation <share>', 'share of the validation split (default: 0.05)', number)
    .option('--test <share>', 'share of the test split (default: 0.05)', number)
    .option('--validation-input <path...>', 'inputs that are the validation split, whole')
    .option('--test-input <path...>', 'inputs that are the test split, whole')
    .option('--seed <n>', 'of all random choices', whole, 0)
    .optionsGroup('Cleaning:')
    .option('--no-clean', 'no cleaning')
    .option('--min-characters <n>', 'remove shorter documents', whole, 1)
    .option('--max-characters <n>', 'remove longer documents', whole)
    .option('--max-duplicate-lines <share>', 'remove documents with more of their text in repeated lines', number, 0.2)
    .option('--max-top-ngram <share>', 'remove documents of which one 2-gram makes up more', number, 0.2)
    .optionsGroup('Preprocessing, in this order:')
    .option('--unicode-form <form>', 'normalise Unicode: NFC, NFD, NFKC or NFKD; cleaning gives NFC')
    .option('--chinese <script>', 'convert Chinese to simplified or traditional characters')
    .option('--strip-accents', 'remove accents')
    .option('--replace <kind>', 'urls, emails or numbers by <url>, <email>, <number>; may be given again', collect)
    .option('--lower-case', 'lower-case all letters')
    .option('--stop-words <list>', 'leave words out: english, chinese, or a file of them; may be given again', collect)
    .option('--strip-punctuation', 'remove punctuation')
    .optionsGroup('Deduplication:')
    .option('--no-dedup', 'keep duplicates')
    .option('--near-dedup-threshold <s>', 'Jaccard similarity of near-duplicates', number, 0.8)
    .optionsGroup('Work:')
    .option('--shard-tokens <n>', 'tokens in a shard, about', whole, 2 ** 27)
    .option('--threads <n>', 'worker threads; the result does not depend on it (default: one a processor)', whole)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Examples:
  tslm prepare books/ --out corpora/books --vocab-size 8192
  tslm prepare 'news/*.jsonl.gz' --column body --tokenizer models/gpt2 --out corpora/news
  tslm prepare poems.json --template '{title}\\n{paragraphs}' --out corpora/poems
  tslm prepare input.txt --out corpora/shakespeare --tokenizer-kind char --split tail --validation 0.1 --test 0 --no-clean --no-dedup --no-eos`,
    )
    .action(async (inputs: string[], { json, validationInput, testInput, ...options }) => {
      const { prepare } = await import('../data/prepare/prepare.ts');
      const start = performance.now();
      const progress = prepareProgress();
      await withSignals('', async signal => {
        try {
          const result = await prepare(inputs, {
            ...options,
            validationInputs: validationInput,
            testInputs: testInput,
            onProgress: progress.listener,
            signal,
          });
          progress.end();
          const seconds = (performance.now() - start) / 1000;
          console.log(json ? JSON.stringify({ ...result, seconds }) : await describe(result, seconds));
        } catch (error) {
          if (!signal.aborted) throw error;
        } finally {
          progress.end();
        }
      });
    });
}

function whole(text: string): number {
  if (!/^\d+(e\d+)?$/.test(text)) throw new InvalidArgumentError('a whole number is expected');
  return Number(text);
}

function delimiter(text: string): string {
  const character = text === 'tab' || text === '\\t' ? '\t' : text;
  if (character.length !== 1) throw new InvalidArgumentError('one character is expected, or tab');
  return character;
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('a number is expected');
  return value;
}

async function describe({ directory, index, report }: PrepareResult, seconds: number): Promise<string> {
  const { encodingCounts } = await import('../data/prepare/report.ts');
  const lines = [`${directory}: ${formatBytes(report.read.bytes)} read in ${formatDuration(seconds)}`];
  const removed = Object.entries(report.removed).map(([reason, { documents }]) => `${documents} ${reason}`);
  lines.push(
    `documents   ${report.kept.documents} of ${report.read.documents}${removed.length > 0 ? `; removed: ${removed.join(', ')}` : ''}`,
  );
  for (const kind of ['binary', 'empty']) {
    const skipped = report.sources.filter(source => source.skipped === kind).length;
    if (skipped > 0) lines.push(`skipped     ${skipped} ${kind} files`);
  }
  for (const { encoding, files, detected, lowest } of encodingCounts(report.sources)) {
    if (encoding === 'utf-8') continue;
    const how = detected > 0 ? `, detected with confidence ${lowest.toFixed(2)}${detected > 1 ? ' or more' : ''}` : '';
    lines.push(`encoding    ${files} ${files === 1 ? 'file' : 'files'} in ${encoding}${how}`);
  }
  const bad = report.sources.filter(({ badRecords }) => badRecords > 0);
  for (const { path, badRecords, badExamples } of bad) {
    lines.push(
      `unreadable  ${path}: ${badRecords} records, first line ${badExamples[0].line}: ${badExamples[0].problem}`,
    );
  }
  for (const { step, documents, characters } of index.preprocessing ?? []) {
    lines.push(`${step.padEnd(11)} ${formatCount(characters)} characters in ${documents} documents changed`);
  }
  lines.push(`vocabulary  ${index.vocab_size} tokens, stored as ${index.dtype}`);
  for (const [name, { tokens, documents, sentences }] of Object.entries(index.splits)) {
    const parts = sentences === undefined ? '' : ` and ${sentences} sentences`;
    lines.push(`${name.padEnd(11)} ${formatCount(tokens)} tokens in ${documents} documents${parts}`);
  }
  return [...lines, ...report.warnings.map(warning => `note: ${warning}`)].join('\n');
}
