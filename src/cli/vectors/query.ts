/** `tslm vectors nearest` and `analogy`: questions about single words. */
import { Command, Option } from 'commander';
import type { AnalogyMethod } from '../../vectors/index.ts';
import { positiveInteger } from '../options.ts';
import { printJson, printTable } from '../print.ts';
import { jsonOption, limitOption, openVectors, VECTORS_HELP } from './open.ts';

const topOption = () => new Option('--top <n>', 'how many words').argParser(positiveInteger).default(10);

interface Scored {
  word: string;
  score: number;
}

const printWords = (words: readonly Scored[]): void =>
  printTable(words.map(({ word, score }) => [word, score.toFixed(4)] as const));

export function nearestCommand(): Command {
  return new Command('nearest')
    .description('nearest words by cosine similarity')
    .argument('<vectors>', VECTORS_HELP)
    .argument('<word...>', 'words')
    .addOption(topOption())
    .addOption(limitOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ tslm vectors nearest vectors/books river whale --top 5\n')
    .action(async (path: string, words: string[], { top, limit, json }) => {
      const vectors = await openVectors(path, limit);
      const results = words.map(word => ({ word, nearest: vectors.nearest(word, { top }) }));
      if (json) return printJson(results);
      for (const { word, nearest } of results) {
        if (words.length > 1) process.stdout.write(`${word}:\n`);
        printWords(nearest);
      }
    });
}

export function analogyCommand(): Command {
  return new Command('analogy')
    .description('solve an analogy: A is to B as C is to ?')
    .argument('<vectors>', VECTORS_HELP)
    .argument('<a>', 'man')
    .argument('<b>', 'king')
    .argument('<c>', 'woman')
    .addOption(
      new Option('--method <name>', 'add: nearest to b - a + c; mul: 3CosMul').choices(['add', 'mul']).default('add'),
    )
    .addOption(topOption())
    .addOption(limitOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ tslm vectors analogy vectors/books man king woman\n')
    .action(async (path: string, a: string, b: string, c: string, { method, top, limit, json }) => {
      const vectors = await openVectors(path, limit);
      const { analogy } = await import('../../vectors/index.ts');
      const answers = analogy(vectors, [a, b, c], { method: method as AnalogyMethod, top });
      if (json) printJson({ a, b, c, method, answers });
      else printWords(answers);
    });
}
