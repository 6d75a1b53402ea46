/**
 * `tslm evaluate MODEL --data CORPUS`: loss, perplexity and bits per byte on a split; `--tasks NAMES`: benchmarks
 * (`evaluate-tasks.ts`).
 */
import { Command, Option } from 'commander';
import { usageError } from '../support/errors.ts';
import { formatCount } from '../support/format.ts';
import { createProgress } from '../support/progress.ts';
import { runTasks, TASK_OPTIONS, type TaskOptions, withTaskOptions } from './evaluate-tasks.ts';
import { positiveInteger, positiveNumber, WEIGHT_TYPES, weightTypeOf } from './options.ts';
import { printJson, printNote, printTable } from './print.ts';

interface Options extends TaskOptions {
  data?: string;
  split: 'train' | 'validation' | 'test';
  context?: number;
  stride?: number;
  batchSize: number;
  packing?: 'documents' | 'stream';
}

/** What says nothing about the other kind of evaluation. */
const OF_CORPORA = ['split', 'context', 'stride', 'batchSize', 'packing'];

export function evaluateCommand(): Command {
  const command = new Command('evaluate')
    .description('evaluate a model on a corpus (perplexity, bits per byte) or on benchmark tasks')
    .argument('<model>', 'folder of a model or of a run')
    .addOption(new Option('--data <corpus>', 'folder that `tslm prepare` wrote').conflicts('tasks'))
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
    .option(
      '--limit <n>',
      'only the first n tokens of the corpus, or documents of each task (below 1: a share of them)',
      positiveNumber,
    )
    .addOption(
      new Option('--precision <type>', 'matrix products; int8: with weights in eight bits')
        .choices([...WEIGHT_TYPES])
        .default('float32'),
    )
    .option('--device <device>', 'cpu, cuda, cuda:1 …', 'cpu')
    .option('--json', 'print the result as JSON');
  return withTaskOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  $ tslm evaluate runs/quickstart --data corpora/quickstart --split test --json\n' +
        '  $ tslm evaluate runs/quickstart --tasks blimp --data-map blimp=data/blimp\n' +
        '  $ tslm evaluate runs/translation --tasks multi30k_en_de --data-map multi30k=data/multi30k --gen-kwargs num_beams=5\n',
    )
    .action(async (path: string, options: Options, command: Command) => {
      const isGiven = (name: string): boolean => command.getOptionValueSource(name) === 'cli';
      if (options.tasks !== undefined) {
        refuse(OF_CORPORA.find(isGiven), '--tasks');
        await runTasks(path, options);
        return;
      }
      refuse(TASK_OPTIONS.find(isGiven), '--data');
      if (options.data === undefined) {
        throw usageError(
          'TSLM_MISSING_OPTION',
          'neither a corpus nor tasks are given',
          'give --data CORPUS, or --tasks NAMES (`tslm tasks list` shows them)',
        );
      }
      const { data, limit } = options;
      if (limit !== undefined && !Number.isInteger(limit)) {
        throw usageError('TSLM_BAD_VALUE', `--limit ${limit} is no number of tokens`, 'give a whole number above 0');
      }
      const { loadCompleteModel, modelFolder } = await import('../models/auto.ts');
      const { loadForInference } = await import('../models/load-for-inference.ts');
      const { openCorpus } = await import('../data/corpus/corpus.ts');
      const { perplexity } = await import('../evaluate/perplexity.ts');
      const { packingOfModel } = await import('../runs/lineage.ts');
      const { requireDevice } = await import('../torch/index.ts');
      requireDevice(options.device);
      const folder = modelFolder(path);
      const corpus = openCorpus(data);
      corpus.requireTokenizer(folder);
      const packing = options.packing ?? packingOfModel(folder);
      const isInt8 = options.precision === 'int8';
      const how = { device: options.device, onNote: printNote };
      const model = isInt8 ? loadForInference(folder, { dtype: 'int8', ...how }) : loadCompleteModel(folder, how);
      const progress = createProgress('evaluating', { unit: ' tokens' });
      const result = perplexity(model, corpus.split(options.split), {
        context: options.context,
        stride: options.stride,
        batchSize: options.batchSize,
        limit,
        packing,
        dtype: isInt8 ? model.parameters()[0].dtype : weightTypeOf(options.precision),
        startToken: corpus.index.eos_token_id,
        prefix: corpus.index.prefix_token_ids,
        onProgress: done => progress.update(done),
      });
      progress.end();
      if (options.json) {
        printJson({ model: folder, data, split: options.split, packing, ...result });
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

/** @throws UserError for an option that would be ignored */
function refuse(name: string | undefined, beside: string): void {
  if (name === undefined) return;
  const option = `--${name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`;
  throw usageError('TSLM_UNUSED_OPTION', `${option} says nothing beside ${beside}`, 'leave it out');
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
