/** `tslm vectors convert`: from one file format to another. */
import { Command, Option } from 'commander';
import { VECTOR_FORMATS } from '../../vectors/formats/write.ts';
import { printJson } from '../print.ts';
import { jsonOption, limitOption, openVectors, VECTORS_HELP } from './open.ts';

export function convertCommand(): Command {
  return new Command('convert')
    .description('convert word vectors to another format')
    .argument('<vectors>', VECTORS_HELP)
    .requiredOption('--out <file>', 'file to write')
    .addOption(
      new Option('--format <name>', "binary and text: word2vec's, text is fastText's .vec, too; glove: no header")
        .choices(VECTOR_FORMATS)
        .default('text'),
    )
    .addOption(limitOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  $ tslm vectors convert vectors/books --out books.vec\n')
    .action(async (path: string, { out, format, limit, json }) => {
      const vectors = await openVectors(path, limit);
      const { writeVectors } = await import('../../vectors/index.ts');
      writeVectors(out, vectors, format);
      const { size: words, dimension } = vectors;
      if (json) printJson({ file: out, format, words, dimension });
      else process.stdout.write(`${out}: ${words} words of ${dimension} numbers\n`);
    });
}
