/** `tslm merge`: an adapter into its model, or several models into one. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { usageError } from '../support/errors.ts';
import { nonNegativeInteger } from './options.ts';
import { printJson, printTable } from './print.ts';

interface Options {
  adapter?: string;
  out: string;
  seed?: number;
  dequantise?: boolean;
  json?: boolean;
}

export function mergeCommand(): Command {
  return new Command('merge')
    .description('merge an adapter into its model, or several models into one')
    .argument(
      '<model>',
      "folder of a model; or mergekit's YAML: linear, slerp, task_arithmetic, ties, dare_linear, dare_ties",
    )
    .option('--adapter <folder>', 'adapter to put into the model: its folder, or that of a run')
    .requiredOption('--out <folder>', 'folder of the merged model')
    .option('--seed <n>', 'of what DARE drops (default: 0)', nonNegativeInteger)
    .option('--dequantise', 'of an adapter that was trained over four bits: into these, made floats again')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tslm merge models/Qwen2.5-0.5B --adapter runs/poems --out models/poems\n' +
        '  $ tslm merge merge.yaml --out models/merged\n',
    )
    .action(async (path: string, options: Options) => {
      const isConfig = /\.ya?ml$/.test(path);
      if (isConfig && options.adapter !== undefined) {
        throw usageError(
          'TSLM_CONTRADICTION',
          "'--adapter' is for a model, and a YAML file names several",
          'leave it out',
        );
      }
      if (!isConfig && options.seed !== undefined) {
        throw usageError('TSLM_CONTRADICTION', "'--seed' is of models that a YAML file names", 'leave it out');
      }
      const { writeFolder } = await import('../support/write-folder.ts');
      const result = await writeFolder(options.out, folder =>
        isConfig ? mergeByConfig(path, folder, options) : mergeAdapterInto(path, folder, options),
      );
      const shown = { ...result, out: options.out };
      if (options.json) printJson(shown);
      else printTable(Object.entries(shown).map(([name, value]) => [name, String(value)] as const));
    });
}

type Result = Record<string, string | number>;

async function mergeAdapterInto(path: string, out: string, { adapter: given, dequantise }: Options): Promise<Result> {
  const { loadAdapter, mergeAdapter, mergeProblem, withAdapter } = await import('../models/adapters/index.ts');
  const { readAdapterConfig } = await import('../models/adapters/config.ts');
  const { adapterFolder, baseFolderOf } = await import('../models/adapters/folder.ts');
  const { loadModel, modelFolder } = await import('../models/auto.ts');
  const { answers, largestDifference, probes } = await import('../models/merging/drift.ts');
  // A run that trained an adapter is enough: it knows its model.
  const named = given ?? path;
  const folder = adapterFolder(named);
  const base = given === undefined ? baseFolderOf(folder)! : modelFolder(path);
  const task = given === undefined ? taskOf(await import('../models/auto.ts'), folder) : undefined;
  const { model } = loadModel(base, { dtype: 'auto', task });
  const isQuantized = wasQuantized(folder);
  if (isQuantized && !dequantise) {
    throw usageError(
      'TSLM_QUANTIZED_BASE',
      `${folder}: the adapter was trained over a model in four bits, whose answers the model in floats does not give`,
      '--dequantise merges it into those four bits made floats again',
    );
  }
  if (!isQuantized && dequantise) {
    throw usageError(
      'TSLM_CONTRADICTION',
      `${folder}: the adapter was not trained over four bits`,
      'leave --dequantise out',
    );
  }
  const { dequantizeLinears, quantizeLinears } = await import('../models/quantize.ts');
  if (isQuantized) quantizeLinears(model, { except: readAdapterConfig(folder).modules_to_save ?? [] });
  const adapter = loadAdapter(model, folder);
  const problem = mergeProblem(adapter);
  if (problem) throw problem;
  const inputs = probes(model);
  const plain = answers(model, inputs);
  const adapted = withAdapter(model, adapter, () => answers(model, inputs));
  if (isQuantized) dequantizeLinears(model);
  mergeAdapter(model, adapter, { forGood: true });
  const merged = answers(model, inputs);
  await saveFolder(out, model, base);
  return {
    model: base,
    adapter: folder,
    prompts: inputs.inputIds!.size(0),
    'largest difference of logits, merged and not': largestDifference(merged, adapted),
    'for comparison, with the adapter and without': largestDifference(adapted, plain),
  };
}

/** Whether a run says of its adapter that the model was kept in four bits. */
function wasQuantized(folder: string): boolean {
  const path = join(folder, 'run.json');
  if (!existsSync(path)) return false;
  const { recipe } = JSON.parse(readFileSync(path, 'utf8')) as { recipe?: { adapter?: { quantize?: string } } };
  return recipe?.adapter?.quantize !== undefined;
}

/** What the model of an adapter's folder is for: it may have another head than its base. */
function taskOf({ describeModel }: typeof import('../models/auto.ts'), folder: string) {
  return existsSync(join(folder, 'config.json')) ? describeModel(folder).model.task : undefined;
}

async function mergeByConfig(path: string, out: string, { seed }: Options): Promise<Result> {
  const { parse } = await import('yaml');
  const { explainFileError } = await import('../support/errors.ts');
  const { parseMergeConfig } = await import('../models/merging/config.ts');
  const { mergeModels } = await import('../models/merging/merge-models.ts');
  const { answers, largestDifference, probes } = await import('../models/merging/drift.ts');
  const { loadCompleteModel } = await import('../models/auto.ts');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw explainFileError(error, path);
  }
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw usageError(
      'TSLM_BAD_YAML',
      `${path}: ${(error as Error).message.split('\n')[0]}`,
      "it is to be mergekit's YAML",
    );
  }
  const config = parseMergeConfig(value, path);
  const { model, folder } = mergeModels(config, { seed });
  await saveFolder(out, model, folder);
  using base = loadCompleteModel(folder, { dtype: model.parameters()[0].dtype });
  const inputs = probes(model);
  return {
    method: config.merge_method,
    models: config.models.length,
    'tokenizer and settings': folder,
    prompts: inputs.inputIds!.size(0),
    'largest difference of logits from it': largestDifference(answers(model, inputs), answers(base, inputs)),
  };
}

/** The model with the tokenizer and the settings of generation of another folder. */
async function saveFolder(out: string, model: import('../models/model.ts').Model, from: string): Promise<void> {
  const { saveModel } = await import('../models/auto.ts');
  const { Tokenizer } = await import('../tokenizers/tokenizer.ts');
  const { readJson, writeJson } = await import('../support/files.ts');
  saveModel(out, model);
  if (existsSync(join(from, 'tokenizer.json')) || existsSync(join(from, 'tokenizer_config.json'))) {
    Tokenizer.fromFile(from).save(out);
  }
  const generation = join(from, 'generation_config.json');
  if (existsSync(generation)) writeJson(join(out, 'generation_config.json'), readJson(generation));
}
