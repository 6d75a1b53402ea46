/** `tslm bench tokenize`: encoding text beside a pass over its characters. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { usageError } from '../../support/errors.ts';
import { formatBytes } from '../../support/format.ts';
import { root } from '../../support/root.ts';
import { positiveInteger } from '../options.ts';
import { printJson, printTable } from '../print.ts';
import { formatShare } from './options.ts';

interface Options {
  tokenizer?: string;
  split: 'gpt2' | 'gpt4';
  vocabSize: number;
  rounds: number;
  peer?: boolean;
  json?: boolean;
}

export function benchTokenizeCommand(): Command {
  return new Command('tokenize')
    .description('time encoding, and one pass over the characters')
    .argument('[file...]', "text files, .gz and .zst too (default: the project's own text)")
    .option('--tokenizer <path>', 'tokenizer.json, or a folder that holds one (default: one trained on the text)')
    .addOption(
      new Option('--split <pattern>', 'how text is split, for training').choices(['gpt2', 'gpt4']).default('gpt2'),
    )
    .option('--vocab-size <n>', 'tokens in all, for training', positiveInteger, 8192)
    .option('--rounds <n>', 'rounds, the fastest of which counts', positiveInteger, 5)
    .option('--peer', 'alternating with the npm package tokenizers')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  $ tslm bench tokenize book.txt --tokenizer models/gpt2 --peer\n')
    .action(async (files: string[], { tokenizer: path, split, vocabSize, rounds, peer, json }: Options) => {
      const { Tokenizer } = await import('../../tokenizers/tokenizer.ts');
      const { trainTokenizer } = await import('../../tokenizers/training/train.ts');
      const { encodingThroughput, nativePeer } = await import('../../bench/tokenize.ts');
      const text = files.length > 0 ? await readAll(files) : await ownText();
      if (text === '') throw usageError('TSLM_NO_TEXT', `${files.join(', ')}: no text`, 'give files with some text');
      const tokenizer =
        path === undefined ? await trainTokenizer([text], { split, vocabSize }) : Tokenizer.fromFile(path);
      const result = await encodingThroughput(tokenizer, text, {
        rounds,
        peer: peer ? await nativePeer(tokenizer) : undefined,
      });
      if (json) {
        printJson({ files, tokenizer: path, vocabSize: tokenizer.vocabSize, rounds, ...result });
        return;
      }
      const row = (rate: number): string =>
        `${formatBytes(rate)}/s, ${formatShare(rate / result.ceiling)} of the ceiling`;
      printTable([
        ['ids, lines', row(result.linesPerThread)],
        ['ids, whole text', row(result.wholePerThread)],
        ['encodings, lines', row(result.batchPerThread)],
        ['ceiling', `${formatBytes(result.ceiling)}/s by one pass over the characters`],
        ['text', `${formatBytes(result.bytes)}, ${result.lines} lines, ${result.tokens} tokens`],
        ...(result.peer
          ? ([
              ['peer', `npm tokenizers, ${result.peer.threads} threads, lines: ${formatBytes(result.peer.rate)}/s`],
              ['ratio', `${result.peer.ratio.toFixed(2)} × the peer, ids of lines in one thread`],
            ] as const)
          : []),
      ]);
    });
}

async function readAll(files: string[]): Promise<string> {
  const { readTexts } = await import('../../tokenizers/training/read-texts.ts');
  let text = '';
  for await (const part of readTexts(files)) text += part;
  return text;
}

/** Prose and code that every copy of the package holds. */
async function ownText(): Promise<string> {
  const { globSync } = await import('tinyglobby');
  const files = globSync(['README.md', 'dist/**/*.js', 'native/**/*.{cc,h}'], { cwd: root }).sort();
  return files.map(file => readFileSync(join(root, file), 'utf8')).join('');
}
