/** `tslm classify MODEL INPUT…`: labels of images, or of texts; with `--data` how many of the labels of rows it finds. */
import { Command, Option } from 'commander';
import { usageError } from '../support/errors.ts';
import type { LabelScore } from '../tasks/labels.ts';
import { collect, positiveInteger } from './options.ts';
import { printJson, printTable } from './print.ts';

interface Options {
  text?: string[];
  topK?: number;
  data?: string[];
  columns?: string[];
  skipBad?: boolean;
  device: string;
  json?: boolean;
}

export function classifyCommand(): Command {
  return new Command('classify')
    .description('classify images or texts')
    .argument('<model>', 'folder of a model or of a run')
    .argument('[images...]', 'files of images, or data: URLs')
    .option('--text <text>', 'a text, for a model that reads text; may be repeated', collect)
    .option('--top-k <k>', 'show the k most probable labels (default: 5)', positiveInteger)
    .addOption(
      new Option('--data <rows>', 'count how often the label of rows of images is found; may be repeated')
        .argParser(collect)
        .conflicts(['text', 'topK']),
    )
    .option('--columns <name=column>', 'what a column is called in the files of --data; may be repeated', collect)
    .option('--skip-bad', 'leave rows of --data out that cannot be read, and count them')
    .option('--device <device>', 'cpu, cuda, cuda:1 …', 'cpu')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tslm classify runs/mnist seven.png --top-k 2\n' +
        '  $ tslm classify runs/mnist --data mnist/valid-images-idx3-ubyte.gz\n' +
        '  $ tslm classify models/sentiment --text "a film that I will not forget"\n',
    )
    .action(async (path: string, images: string[], options: Options) => {
      const { data, text, device } = options;
      if ([images.length > 0, text !== undefined, data !== undefined].filter(Boolean).length !== 1) {
        throw usageError(
          'TSLM_NO_INPUT',
          'give images, --text or --data, one of them',
          'tslm classify runs/mnist x.png',
        );
      }
      if (data === undefined && (options.columns || options.skipBad)) {
        const name = options.columns ? '--columns' : '--skip-bad';
        throw usageError('TSLM_CONTRADICTION', `${name} is about the rows of --data`, 'leave it out, or give --data');
      }
      const { requireDevice } = await import('../torch/index.ts');
      requireDevice(device);
      if (data !== undefined) {
        await measure(path, data, options);
        return;
      }
      const { pipeline } = await import('../pipeline.ts');
      const results = text
        ? pipeline('text-classification', path, { device })(text, { topK: options.topK ?? 5 })
        : pipeline('image-classification', path, { device })(images, { topK: options.topK });
      const inputs = text ?? images;
      if (options.json) {
        printJson({ model: path, results: results.map((labels, i) => ({ input: inputs[i], labels })) });
        return;
      }
      for (const [i, labels] of results.entries()) {
        if (inputs.length > 1) process.stdout.write(`${i === 0 ? '' : '\n'}${inputs[i].slice(0, 200)}\n`);
        printTable(labels.map(({ label, score }: LabelScore) => [label, score.toFixed(4)] as const));
      }
    });
}

async function measure(path: string, data: readonly string[], options: Options): Promise<void> {
  const { loadCompleteModel, modelFolder } = await import('../models/auto.ts');
  const { measureImageLabels } = await import('../evaluate/image-labels.ts');
  const folder = modelFolder(path);
  const model = loadCompleteModel(folder, { device: options.device });
  const columns = Object.fromEntries((options.columns ?? []).map(columnOf));
  const result = await measureImageLabels(model, folder, data, { columns, skipBad: options.skipBad });
  if (options.json) {
    printJson({ model: folder, data, ...result });
    return;
  }
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  const { accuracy, interval, majority, loss, images, bad } = result;
  printTable([
    ['accuracy', `${percent(accuracy)} (95 % interval ${percent(interval[0])} to ${percent(interval[1])})`],
    ['majority', `${percent(majority.share)} (always '${majority.label}')`],
    ['loss', `${loss.toFixed(4)} nats an image`],
    ['images', `${images}${bad > 0 ? `, and ${bad} left out` : ''}`],
  ]);
}

function columnOf(given: string): [string, string] {
  const [name, ...rest] = given.split('=');
  if (rest.length > 0 && name !== '') return [name, rest.join('=')];
  throw usageError('TSLM_BAD_VALUE', `--columns '${given}' is no name=column`, 'for example --columns label=class');
}
