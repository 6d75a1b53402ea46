/** `tslm evaluate MODEL --data CORPUS`: loss, perplexity and bits per byte on a split. */
import { Command, Option } from 'commander';
import { formatCount } from '../support/format.ts';
import { createProgress } from '../support/progress.ts';
import { dtypeOf, PRECISIONS, positiveInteger } from './options.ts';
import { printJson, printNote, printTable } from './print.ts';

interface Options {
  data: string;
  split: 'train' | 'validation' | 'test';
  context?: number;
  stride?: number;
  batchSize: number;
  limit?: number;
  packing?: 'documents' | 'stream';
  precision: (typeof PRECISIONS)[number];
  device: string;
  json?: boolean;
}

export function evaluateCommand(): Command {
  return new Command('evaluate')
    .description('measure how well a model predicts a corpus')
    .argument('<model>', 'folder of a model or of a run')
    .requiredOption('--data <corpus>', 'folder that `tslm prepare` wrote')
    .addOption(
      new Option('--split <name>', 'which part').choices(['train', 'validation', 'test']).default('validation'),
    )
    .option('--context <tokens>', "window length (default: the model's context)", positiveInteger)
    .option('--stride <tokens>', 'how far the window moves on (default: half the window)', positiveInteger)
    .option('--batch-size <windows>', 'windows in a forward pass', positiveInteger, 8)
    .addOption(
      new Option(
        '--packing <how>',
        'whether documents see those before them in a window (default: as the model was trained)',
      ).choices(['documents', 'stream']),
    )
    .option('--limit <tokens>', 'only the first so many tokens', positiveInteger)
    .addOption(new Option('--precision <type>', 'matrix products').choices([...PRECISIONS]).default('float32'))
    .option('--device <device>', 'cpu, cuda, cuda:1 …', 'cpu')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ tslm evaluate runs/quickstart --data corpora/quickstart --split test --json\n',
    )
    .action(async (path: string, options: Options) => {
      const { loadCompleteModel, modelFolder } = await import('../models/auto.ts');
      const { openCorpus } = await import('../data/corpus/corpus.ts');
      const { perplexity } = await import('../evaluate/perplexity.ts');
      const { packingOfModel } = await import('../runs/lineage.ts');
      const { requireDevice } = await import('../torch/index.ts');
      requireDevice(options.device);
      const folder = modelFolder(path);
      const corpus = openCorpus(options.data);
      corpus.requireTokenizer(folder);
      const packing = options.packing ?? packingOfModel(folder);
      const model = loadCompleteModel(folder, { device: options.device, onNote: printNote });
      const progress = createProgress('evaluating', { unit: ' tokens' });
      const result = perplexity(model, corpus.split(options.split), {
        context: options.context,
        stride: options.stride,
        batchSize: options.batchSize,
        limit: options.limit,
        packing,
        dtype: dtypeOf(options.precision),
        startToken: corpus.index.eos_token_id,
        prefix: corpus.index.prefix_token_ids,
        onProgress: done => progress.update(done),
      });
      progress.end();
      if (options.json) {
        printJson({ model: folder, data: options.data, split: options.split, packing, ...result });
        return;
      }
      printTable([
        ['loss', `${result.loss.toFixed(4)} nats a token`],
        ['perplexity', result.perplexity.toFixed(2)],
        ['bits per byte', `${result.bitsPerByte.toFixed(4)} (${result.bitsPerCharacter.toFixed(4)} per character)`],
        ['tokens', `${formatCount(result.tokens)} (${formatCount(result.bytes)} bytes)`],
        ...unknownRow(result),
      ]);
    });
}

/** Only where there is something unknown, for then the figures are not those of a text that the model could read. */
const unknownRow = ({ unknown, tokens }: { unknown: number; tokens: number }): [string, string][] =>
  unknown === 0
    ? []
    : [
        [
          'unknown',
          `${formatCount(unknown)} tokens (${((100 * unknown) / tokens).toFixed(1)}%), charged by their bytes`,
        ],
      ];
