/** The command line: registers the commands, prints errors as one line and a hint, sets the exit code. */
import { Command, CommanderError } from 'commander';
import { messageOf, UserError } from '../support/errors.ts';
import { explainShortage } from '../support/memory-errors.ts';
import { version } from '../support/version.ts';
import { once, refuseWarning, setDefaultWarning } from '../support/warnings.ts';
import { configureRuntime } from '../torch/cpu.ts';
import { requireWholeFiles } from '../torch/map-file.ts';
import { augmentCommand } from './augment.ts';
import { benchCommand } from './bench/bench.ts';
import { chatCommand } from './chat.ts';
import { classifyCommand } from './classify.ts';
import { compareCommand } from './compare.ts';
import { completionCommand } from './completion.ts';
import { applyConfig, unknownVariables } from './config/apply-config.ts';
import { configCommand } from './config/config.ts';
import { configLayers } from './config/layers.ts';
import { doctorCommand } from './doctor.ts';
import { evaluateCommand } from './evaluate.ts';
import { feedbackCommand } from './feedback.ts';
import { finetuneCommand } from './finetune.ts';
import { generateCommand } from './generate.ts';
import { inspectCommand } from './inspect.ts';
import { judgeCommand } from './judge.ts';
import { keysCommand } from './keys.ts';
import { languageOf, mayPrintHelp } from './language.ts';
import { learnCommand } from './learn.ts';
import { listCommand } from './list.ts';
import { mergeCommand } from './merge.ts';
import { printNextSteps } from './next-steps.ts';
import { ngramCommand } from './ngram.ts';
import { prepareCommand } from './prepare.ts';
import { problemsCommand } from './problems.ts';
import { promptCommand } from './prompt/prompt.ts';
import { pullCommand } from './pull.ts';
import { quickstartCommand } from './quickstart/quickstart.ts';
import { silenceProgress } from './quiet.ts';
import { recipesCommand } from './recipes.ts';
import { resumeCommand } from './resume.ts';
import { historyCommand, promoteCommand, rollbackCommand } from './revisions.ts';
import { scoreCommand } from './score.ts';
import { selectCommand } from './select.ts';
import { serveCommand } from './serve.ts';
import { setupCommand } from './setup.ts';
import { shadowCommand } from './shadow.ts';
import { sweepCommand } from './sweep.ts';
import { tasksCommand } from './tasks.ts';
import { tokenizerCommand } from './tokenizer/tokenizer.ts';
import { trainCommand } from './train.ts';
import { vectorsCommand } from './vectors/vectors.ts';
import { verifyCommand } from './verify.ts';

/** Commands that read models which others have written. */
const OPEN_MODELS = [
  'finetune',
  'classify',
  'evaluate',
  'generate',
  'score',
  'serve',
  'select',
  'judge',
  'inspect',
  'verify',
];

export function program(): Command {
  const root = new Command('tslm')
    .description('The whole life of a language model: corpus, tokenizer, training, evaluation, generation.')
    .version(version)
    .addHelpText('after', '\nExample:\n  $ tslm quickstart\n')
    .configureHelp({ showGlobalOptions: true });
  const commands = [
    quickstartCommand(),
    pullCommand(),
    prepareCommand(),
    augmentCommand(),
    problemsCommand(),
    tokenizerCommand(),
    recipesCommand(),
    trainCommand(),
    finetuneCommand(),
    resumeCommand(),
    sweepCommand(),
    evaluateCommand(),
    compareCommand(),
    selectCommand(),
    judgeCommand(),
    tasksCommand(),
    promptCommand(),
    generateCommand(),
    chatCommand(),
    classifyCommand(),
    scoreCommand(),
    serveCommand(),
    keysCommand(),
    learnCommand(),
    feedbackCommand(),
    promoteCommand(),
    rollbackCommand(),
    historyCommand(),
    shadowCommand(),
    ngramCommand(),
    vectorsCommand(),
    mergeCommand(),
    inspectCommand(),
    verifyCommand(),
    benchCommand(),
    listCommand(),
    setupCommand(),
    doctorCommand(),
    configCommand(program),
    completionCommand(),
  ];
  for (const command of commands) root.addCommand(command);
  for (const command of commands.filter(command => OPEN_MODELS.includes(command.name()))) {
    command.option('--strict', 'refuse a model whose files have keys without effect, in place of a warning');
  }
  for (const command of withSubcommands(root)) {
    if (command.commands.length === 0) command.option('--quiet', 'no progress and no notes: errors and warnings alone');
  }
  root.hook('preAction', (_root, command) => {
    if (command.opts().quiet) silenceProgress();
    if (command.opts().strict) setDefaultWarning(refuseWarning);
  });
  for (const command of withSubcommands(root)) {
    command
      .exitOverride()
      .configureOutput({ outputError: (text, write) => write(text.replace(/^error:/, 'tslm:')) })
      .showHelpAfterError(`  → \`${pathOf(command)} --help\` explains it`);
  }
  return root;
}

const withSubcommands = (command: Command): Command[] => [command, ...command.commands.flatMap(withSubcommands)];

const pathOf = (command: Command): string =>
  command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();

/** Runs a command line; returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  configureRuntime();
  setDefaultWarning(once(message => void process.stderr.write(`tslm: warning: ${oneLine(message)}\n`)));
  // A reader that closed our output (`tslm … | head`) has seen enough.
  process.stdout.on('error', error => {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(0);
    throw error;
  });
  process.stderr.on('error', () => {}); // nobody reads our progress any more; the work goes on
  try {
    if (argv.length === 0) {
      printNextSteps();
      return 0;
    }
    const root = program();
    const layers = argv[0] === 'config' ? [] : await configLayers();
    if (argv[0] !== 'config') applyConfig(root, layers, process.env);
    for (const name of unknownVariables(root, process.env)) {
      process.stderr.write(`tslm: warning: ${name} is no option of a command, and has no effect\n`);
    }
    if (mayPrintHelp(root, argv) && languageOf(process.env, layers) === 'zh') {
      const { translateHelp } = await import('./chinese/help.ts');
      translateHelp(root);
    }
    await root.parseAsync(argv, { from: 'user' });
    requireWholeFiles();
    return Number(process.exitCode ?? 0);
  } catch (thrown) {
    return report(explainShortage(thrown), argv[0]);
  }
}

/** A message may quote what it found in a file. */
const oneLine = (text: string): string => text.replace(/[\x00-\x1f\x7f]+/g, ' ');

function report(error: unknown, command?: string): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander printed it
  if (error instanceof UserError) {
    const hint = error.hint ?? (error.exitCode === 2 ? `\`tslm ${command} --help\` explains the options` : undefined);
    process.stderr.write(`tslm: ${oneLine(error.message)}\n${hint === undefined ? '' : `  → ${hint}\n`}`);
    if (process.env.TSLM_DEBUG) console.error(error);
    return error.exitCode;
  }
  process.stderr.write(`tslm: unexpected error: ${messageOf(error)}\n`);
  if (process.env.TSLM_DEBUG) console.error(error);
  else process.stderr.write('  → run again with TSLM_DEBUG=1 for the stack, and report it please\n');
  return 1;
}
