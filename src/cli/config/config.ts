/** `tslm config show`: which defaults of options come from files and the environment, and from which. */
import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { usageError } from '../../support/errors.ts';
import { nearest } from '../../support/nearest.ts';
import { printJson, printNote, printRows } from '../print.ts';
import { applyConfig, keysOf, leavesOf, type Setting } from './apply-config.ts';
import { configFiles, configLayers } from './layers.ts';

/** @param freshProgram the commands with their built-in defaults */
export function configCommand(freshProgram: () => Command): Command {
  return new Command('config')
    .description('defaults of options from tslm.yaml, package.json, ~/.config/tslm/config.yaml and the environment')
    .addCommand(
      new Command('show')
        .description('what is set, and by which file or variable; of a command all its options')
        .argument('[command...]', 'such as serve, or tokenizer train')
        .option('--json', 'print it as JSON')
        .addHelpText('after', '\nExamples:\n  $ tslm config show\n  $ tslm config show serve\n')
        .action(async (words: string[], { json }: { json?: boolean }) => {
          const program = freshProgram();
          const settings = applyConfig(program, await configLayers(), process.env);
          const rows = words.length === 0 ? settings : optionsOf(program, words, settings);
          const files = configFiles().map(({ path }) => ({ path, exists: existsSync(path) }));
          if (json) return printJson({ files, settings: rows });
          for (const { path, exists } of files) process.stderr.write(`${exists ? 'read     ' : 'not there'} ${path}\n`);
          if (rows.length === 0) return printNote('no defaults are set; docs/CONFIGURATION.md says how');
          printRows([['command', 'option', 'value', 'from', 'instead of'], ...rows.map(cells)]);
        }),
    )
    .addHelpText('after', '\nExample:\n  $ tslm config show\n');
}

const cells = ({ command, key, value, source, overridden }: Setting): string[] => [
  command,
  key,
  value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value),
  source,
  overridden.join(', '),
];

/** Every option of a command, with where its default comes from. */
function optionsOf(program: Command, words: readonly string[], settings: readonly Setting[]): Setting[] {
  const name = words.join(' ');
  const leaves = leavesOf(program);
  const found = leaves.find(([, path]) => path.join(' ') === name);
  if (!found) {
    const names = leaves.map(([, path]) => path.join(' '));
    const guess = nearest(name, names);
    throw usageError(
      'TSLM_BAD_VALUE',
      `there is no command '${name}'`,
      guess === undefined ? undefined : `did you mean '${guess}'?`,
    );
  }
  const [command] = found;
  return [...keysOf(command)].map(
    ([key, [option]]) =>
      settings.find(one => one.command === name && one.key === key) ?? {
        command: name,
        key,
        value: command.getOptionValue(option.attributeName()),
        source: 'built in',
        overridden: [],
      },
  );
}
