/** `tslm vectors evaluate`: word similarity and analogies. */
import { Command } from 'commander';
import { usageError } from '../../support/errors.ts';
import type { AnalogyResult, SimilarityResult } from '../../vectors/index.ts';
import { collect } from '../options.ts';
import { printJson, printTable } from '../print.ts';
import { jsonOption, limitOption, openVectors, VECTORS_HELP } from './open.ts';

export function evaluateCommand(): Command {
  return new Command('evaluate')
    .description('correlation with judgements of word similarity, accuracy on analogies')
    .argument('<vectors>', VECTORS_HELP)
    .option('--similarity <file>', 'two words and a number a line; may be given several times', collect)
    .option('--analogies <file>', '`: section` lines and lines of four words; may be given several times', collect)
    .addOption(limitOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nPairs and questions with unknown words are left out, and counted.\n\nExample:\n' +
        '  $ tslm vectors evaluate vectors/books --similarity wordsim-353.txt --analogies questions-words.txt\n',
    )
    .action(async (path: string, { similarity = [], analogies = [], limit, json }) => {
      if (similarity.length + analogies.length === 0) {
        throw usageError('TSLM_NOTHING_TO_DO', 'there is nothing to evaluate', 'give --similarity or --analogies');
      }
      const api = await import('../../vectors/index.ts');
      const similarityFiles = await each(similarity, api.readSimilarity);
      const analogyFiles = await each(analogies, api.readAnalogies);
      const vectors = await openVectors(path, limit);
      const result = {
        vectors: path,
        words: vectors.size,
        dimension: vectors.dimension,
        similarity: similarityFiles.map(({ file, read }) => ({ file, ...api.evaluateSimilarity(vectors, read) })),
        analogies: analogyFiles.map(({ file, read }) => ({ file, ...api.evaluateAnalogies(vectors, read) })),
      };
      if (json) return printJson(result);
      for (const one of result.similarity) printTable([[one.file, describeSimilarity(one)]]);
      for (const { file, sections, total } of result.analogies) {
        process.stdout.write(`${file}\n`);
        const rows = [...sections, { name: 'all', ...total }];
        printTable(rows.map(row => [`  ${row.name}`, describeAnalogies(row)] as const));
      }
    });
}

const each = <T>(files: readonly string[], read: (file: string) => Promise<T>): Promise<{ file: string; read: T }[]> =>
  Promise.all(files.map(async file => ({ file, read: await read(file) })));

const shareOf = (known: number, all: number): string =>
  `${known} of ${all} known (${((100 * known) / Math.max(1, all)).toFixed(1)}%)`;

function describeSimilarity({ spearman, pearson, known, pairs }: SimilarityResult): string {
  return `Spearman ${spearman?.toFixed(4) ?? '–'}  Pearson ${pearson?.toFixed(4) ?? '–'}  ${shareOf(known, pairs)}`;
}

function describeAnalogies({ accuracy, known, questions }: AnalogyResult): string {
  const percent = (share: number | null): string => (share === null ? '–' : `${(100 * share).toFixed(1)}%`).padStart(6);
  return `3CosAdd ${percent(accuracy.add)}  3CosMul ${percent(accuracy.mul)}  ${shareOf(known, questions)}`;
}
