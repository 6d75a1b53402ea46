/** `tslm vectors …`: word vectors by Word2Vec, GloVe and fastText's subwords. */
import { Command } from 'commander';
import { convertCommand } from './convert.ts';
import { evaluateCommand } from './evaluate.ts';
import { analogyCommand, nearestCommand } from './query.ts';
import { trainCommand } from './train.ts';

export function vectorsCommand(): Command {
  return new Command('vectors')
    .description('train, question, evaluate and convert word vectors')
    .addCommand(trainCommand())
    .addCommand(nearestCommand())
    .addCommand(analogyCommand())
    .addCommand(evaluateCommand())
    .addCommand(convertCommand())
    .addHelpText('after', '\nExample:\n  $ tslm vectors train books/*.txt.gz --out vectors/books\n');
}
