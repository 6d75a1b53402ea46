/** `tslm vectors train`: vectors of the words of text files. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { usageError } from '../../support/errors.ts';
import { formatCount, formatDuration } from '../../support/format.ts';
import { createProgress, type Progress } from '../../support/progress.ts';
import type { VectorsProvenance, VectorTrainingOptions } from '../../vectors/index.ts';
import { subwordDefaults } from '../../vectors/subwords.ts';
import { SENTENCE_RULES, VECTOR_LOSSES, VECTOR_METHODS, WORD_RULES } from '../../vectors/training/choices.ts';
import { nonNegativeInteger, number, positiveInteger } from '../options.ts';
import { printJson, printTable } from '../print.ts';
import { ENCODING_HELP, noteDecision } from '../read-text.ts';
import { jsonOption } from './open.ts';

export function trainCommand(): Command {
  return new Command('train')
    .description('train word vectors on texts: skip-gram, CBOW or GloVe, with or without subwords')
    .argument('<text...>', 'text files, .gz and .zst too; - is standard input')
    .requiredOption('--out <dir>', 'folder to write')
    .addOption(new Option('--method <name>', 'model').choices(VECTOR_METHODS).default('skip-gram'))
    .option('--dimension <n>', 'numbers in a vector', positiveInteger, 100)
    .option('--window <n>', 'words of context on either side (default: 5; glove: 10)', positiveInteger)
    .option('--epochs <n>', 'passes over the text (default: 5; glove: 25, over its counts)', positiveInteger)
    .option('--rate <r>', 'first learning rate (default: 0.025; cbow and glove: 0.05)', number)
    .option('--min-count <n>', 'words that are rarer get no vector', positiveInteger, 5)
    .option('--max-words <n>', 'keep the most frequent words alone', positiveInteger)
    .addOption(
      new Option('--loss <name>', 'skip-gram, cbow: how a word is predicted')
        .choices(VECTOR_LOSSES)
        .default('negative-sampling'),
    )
    .option('--negative <n>', 'words of noise for each that is predicted', positiveInteger, 5)
    .option('--subsample <t>', 'leave out words at random whose share of the text is larger; 0: none', number, 1e-3)
    .option('--subwords', 'skip-gram, cbow: learn character n-grams as well, as fastText does')
    .option('--min-ngram <n>', 'characters of the shortest', positiveInteger, subwordDefaults.minNgram)
    .option('--max-ngram <n>', 'and of the longest', positiveInteger, subwordDefaults.maxNgram)
    .option('--buckets <n>', 'vectors that all n-grams share', positiveInteger, subwordDefaults.buckets)
    .option('--x-max <n>', 'glove: counts from here on have full weight', number, 100)
    .option('--alpha <a>', 'glove: the power of smaller ones', number, 0.75)
    .addOption(
      new Option('--words <rule>', 'unicode: letters and digits, Chinese by a dictionary; whitespace: split already')
        .choices(WORD_RULES)
        .default('unicode'),
    )
    .addOption(
      new Option('--sentences <rule>', 'what windows do not reach over the end of')
        .choices(SENTENCE_RULES)
        .default('paragraph'),
    )
    .option('--keep-case', 'keep upper and lower case apart')
    .option('--encoding <name>', ENCODING_HELP, 'auto')
    .option('--threads <n>', 'one gives the same vectors for the same seed, several are faster', positiveInteger, 1)
    .option('--seed <n>', 'seed of all that is random', nonNegativeInteger, 0)
    .option('--overwrite', 'replace vectors that are there already')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ tslm vectors train books/*.txt.gz --out vectors/books --epochs 10\n' +
        '  $ tslm vectors train news.txt --method cbow --subwords --out vectors/news\n',
    )
    .action(async (paths: string[], { out, json, overwrite = false, ...options }) => {
      const { saveVectors, trainVectorsOn } = await import('../../vectors/index.ts');
      const { writeFolder } = await import('../../support/write-folder.ts');
      const reading = createProgress('reading', { unit: 'B' });
      let bytes = 0;
      const text = {
        rule: options.words,
        lowercase: !options.keepCase,
        sentences: options.sentences,
        minCount: options.minCount,
        maxWords: options.maxWords,
        encoding: options.encoding,
        onDecision: noteDecision,
        onBytes: (count: number) => {
          bytes += count;
          reading.update(bytes);
        },
      };
      const train = async (folder: string): Promise<VectorsProvenance> => {
        let training: Progress | undefined;
        const onProgress = (share: number): void => {
          training ??= createProgress('training', { total: 100, unit: '%' });
          training.update(100 * share);
        };
        const stored = await trainVectorsOn(paths, text, trainingOptions(options), { onProgress });
        training?.end();
        return saveVectors(folder, stored.vectors, stored);
      };
      const manifest = await writeFolder(out, train, { replace: overwrite, check: () => checkPlace(out) });
      if (json) printJson({ folder: out, ...manifest });
      else printTraining(out, manifest);
    });
}

/** What is replaced are vectors, and no other folder. */
function checkPlace(out: string): void {
  if (!existsSync(out) || readdirSync(out).length === 0 || existsSync(join(out, 'vectors.json'))) return;
  throw usageError('TSLM_OUTPUT_EXISTS', `${out}: this folder holds no word vectors`, 'choose another folder');
}

function printTraining(
  out: string,
  { words, dimension, wordsRead, wordsKept, losses, seconds }: VectorsProvenance,
): void {
  printTable([
    ['vectors', `${words} words of ${dimension} numbers in ${out}`],
    ['text', `${formatCount(wordsRead)} words, ${((100 * wordsKept) / wordsRead).toFixed(1)}% of them have vectors`],
    ['loss', `${losses[0].toFixed(4)} in the first epoch, ${losses.at(-1)!.toFixed(4)} in the last`],
    ['time', formatDuration(seconds)],
  ]);
}

// biome-ignore lint/suspicious/noExplicitAny: commander's options are checked by the schema
const trainingOptions = ({ subwords, minNgram, maxNgram, buckets, ...options }: any): VectorTrainingOptions => {
  const { method, dimension, window, epochs, rate, loss, negative, subsample, xMax, alpha, threads, seed } = options;
  return {
    ...{ method, dimension, window, epochs, rate, loss, negative, subsample, xMax, alpha, threads, seed },
    ...(subwords && { subwords: { minNgram, maxNgram, buckets } }),
  };
};
