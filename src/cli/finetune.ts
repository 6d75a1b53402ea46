/** `tslm finetune MODEL --data rows.jsonl`: rows are looked at, a recipe is written, and the model is trained and compared. */
import { Command } from 'commander';
import type { FinetuneResult } from '../runs/finetune/finetune.ts';
import type { FinetunePlan } from '../runs/finetune/finetune-plan.ts';
import { usageError } from '../support/errors.ts';
import { formatBytes, formatCount, formatDuration } from '../support/format.ts';
import { collect, nonNegativeInteger, number, positiveInteger } from './options.ts';
import { printJson, printTable } from './print.ts';
import { withSignals } from './signals.ts';
import { nextLines, scoreLines } from './views/score-lines.ts';
import { trainingView } from './views/training-view.ts';

interface Options {
  data: string[];
  validation?: string[];
  columns?: string[];
  out?: string;
  epochs?: number;
  batchSize?: number;
  lr?: number;
  dropout?: number;
  adapter?: string;
  rank?: number;
  quantize?: string;
  chatTemplate?: string;
  seed?: number;
  skipBad?: boolean;
  dryRun?: boolean;
  json?: boolean;
}

export function finetuneCommand(): Command {
  return new Command('finetune')
    .description(
      'train a model on rows: labels, tags, answers, translations, conversations, preferences; looks at them and writes the recipe',
    )
    .argument('<model>', 'folder of a model or of a run')
    .requiredOption('--data <files...>', 'rows: .jsonl, .json, .csv, .tsv, .parquet, .arrow')
    .option('--validation <files...>', 'rows to evaluate on, or a share of those above (default: 0.1)')
    .option('--columns <name=column>', 'what the files call a column: label=stars; may be repeated', collect)
    .option('--out <folder>', 'folder of the run (default: runs/<name of the file>)')
    .option('--epochs <n>', 'passes over the rows (default: by the size of the model)', positiveInteger)
    .option('--batch-size <rows>', 'rows of an update (default: by the kind of rows)', positiveInteger)
    .option('--lr <rate>', 'highest learning rate (default: by the width of the model)', number)
    .option('--dropout <p>', 'of the model while it trains (default: as its config.json says)', number)
    .option('--adapter <method>', 'train an adapter in place of all weights: lora, dora, pissa, ia3, vera, …')
    .option('--rank <r>', 'of lora, dora, pissa, vera, loha (default: by the method)', positiveInteger)
    .option('--quantize <type>', 'nf4: keep the model below lora or dora in four bits (QLoRA)')
    .option(
      '--chat-template <name>',
      'for conversations and a model without one: chatml, llama3, plain or a file (default: chatml; plain for adapters)',
    )
    .option('--seed <n>', 'of the new head, the order of the rows, dropout (default: 0)', nonNegativeInteger)
    .option('--skip-bad', 'leave bad rows out and count them; without it the first is an error')
    .option('--dry-run', 'look, measure a step and print the recipe; train nothing')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tslm finetune models/bert --data reviews.csv --dry-run\n  $ tslm finetune models/base --data chats.jsonl --adapter lora\n',
    )
    .action(async (model: string, options: Options) => {
      const { planFinetune, finetune, recipeText } = await import('../runs/finetune/finetune.ts');
      const { namedAdapter } = await import('../runs/finetune/adapters.ts');
      const plan = await planFinetune(model, options.data, {
        ...options,
        adapter: namedAdapter(options.adapter, options),
        validation: validationOf(options.validation),
        columns: columnsOf(options.columns ?? []),
      });
      if (!options.json)
        for (const [name, value] of planLines(plan)) process.stderr.write(`${name.padEnd(9)} ${value}\n`);
      if (options.dryRun) {
        if (options.json) printJson(plan);
        else process.stdout.write(recipeText(plan));
        return;
      }
      const result = await withSignals('stopping and saving; once more to end at once …', signal =>
        finetune(plan, { signal, hooks: trainingView(options) }),
      );
      printResult(plan, result, options);
    });
}

function validationOf(given: readonly string[] | undefined): readonly string[] | number | undefined {
  const share = given?.length === 1 ? Number(given[0]) : Number.NaN;
  return share > 0 && share < 1 ? share : given;
}

function columnsOf(given: readonly string[]): Record<string, string> {
  const pairs = given.map(one => one.split(/=(.*)/s).slice(0, 2));
  const bad = pairs.findIndex(([name, column]) => !name || !column);
  if (bad < 0) return Object.fromEntries(pairs);
  throw usageError(
    'TSLM_BAD_VALUE',
    `--columns ${given[bad]}: no name and column`,
    'for example --columns label=stars',
  );
}

/** What was understood, before anything is trained. */
function planLines({ kind, columns, look, heldOut, model, recipe, cost, notes }: FinetunePlan): [string, string][] {
  const { lengths, labels } = look;
  const renamed = Object.entries(columns).map(([name, column]) => `${name} ← ${column}`);
  const perEpoch = recipe.evaluation.every;
  const { adapter } = recipe;
  const { chatTemplate } = recipe.data;
  return [
    [
      'rows',
      `${look.rows} of the kind '${kind}'${renamed.length > 0 ? `: ${renamed.join(', ')}` : ''}${look.bad > 0 ? `; ${look.bad} bad ones left out` : ''}`,
    ],
    ...notes.map((note): [string, string] => ['found', note]),
    ...(labels
      ? [
          [
            'labels',
            labels
              .slice(0, 12)
              .map(([label, count]) => `${label} ${count}`)
              .join(' · ') + (labels.length > 12 ? ` · and ${labels.length - 12} more` : ''),
          ] as [string, string],
        ]
      : []),
    ...(look.isRegression ? [['labels', 'numbers: the model predicts one'] as [string, string]] : []),
    [
      'lengths',
      `${lengths.median} tokens in the middle, 95 % have at most ${lengths.of95}, the longest ${lengths.most}; ${look.cut === 0 ? 'none is cut' : `${look.cut} are cut after ${look.context}`}`,
    ],
    ['held out', `${heldOut} rows`],
    [
      'model',
      `${model.path}: ${model.modelType}, ${formatCount(model.parameters)} weights; ${model.hasHead ? 'its own head' : `a new head, ${recipe.model.architecture}`}`,
    ],
    [
      'recipe',
      `${recipe.train.steps} updates of ${recipe.train.batchSize} rows, ${perEpoch} a pass; ${recipe.objective.name}, ${recipe.optimizer.name} ${recipe.optimizer.lr}`,
    ],
    ...(adapter ? [['adapter', adapterLine(adapter)] as [string, string]] : []),
    ...(chatTemplate === undefined
      ? []
      : [['template', `${chatTemplate}: the tokenizer has none of its own`] as [string, string]]),
    ['memory', `${formatBytes(cost.bytes)} of tensors`],
    [
      'time',
      `about ${formatDuration(cost.secondsPerStep * recipe.train.steps)} (${cost.secondsPerStep.toFixed(2)} s an update of the measured ones)`,
    ],
  ];
}

const adapterLine = (adapter: NonNullable<FinetunePlan['recipe']['adapter']>): string =>
  [
    adapter.method,
    ...('r' in adapter ? [`rank ${adapter.r}`] : []),
    ...('dora' in adapter && adapter.dora ? ['direction and length apart (DoRA)'] : []),
    ...('quantize' in adapter && adapter.quantize ? [`over a model in ${adapter.quantize}`] : []),
  ].join(', ');

function printResult(plan: FinetunePlan, { run, scores }: FinetuneResult, { json }: Options): void {
  if (json) {
    printJson({ ...run, kind: plan.kind, scores });
    return;
  }
  printTable([
    [
      run.finished ? 'finished' : 'stopped',
      `step ${run.step} in ${formatDuration(run.seconds)}; best at ${run.best?.step ?? '–'}`,
    ],
    ...scoreLines(scores),
    ['model', `${run.folder}/model (its card is README.md)`],
    ...nextLines(run, plan.recipe.adapter !== undefined),
  ]);
}
