/** `tslm recipes`: the recipes that come with tslm: which there are, what one says, a copy to change. */
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Command } from 'commander';
import { aboutRecipe, recipeFile, recipeNames } from '../runs/known-recipes.ts';
import { namingFile, usageError } from '../support/errors.ts';
import { writeFileAtomically } from '../support/files.ts';
import { nearest } from '../support/nearest.ts';
import { printJson, printTable } from './print.ts';

const ENDING = '.yaml';

/** @throws UserError that names the nearest recipe */
function textOf(name: string): string {
  const known = recipeNames();
  const wanted = name.replace(/\.yaml$/, '').replace(/^recipes\//, '');
  if (!known.includes(wanted)) {
    const guess = nearest(wanted, known);
    const hint = guess === undefined ? '`tslm recipes list` shows them' : `did you mean '${guess}'?`;
    throw usageError('TSLM_UNKNOWN_RECIPE', `there is no recipe '${name}'`, hint);
  }
  return readFileSync(recipeFile(wanted), 'utf8');
}

export function recipesCommand(): Command {
  return new Command('recipes')
    .description('the recipes that come with tslm: list them, show or copy one')
    .addCommand(
      new Command('list')
        .description('names of recipes, and what each trains')
        .option('--json', 'print them as JSON')
        .addHelpText('after', '\nExample:\n  $ tslm recipes list\n')
        .action(({ json }: { json?: boolean }) => {
          const rows = recipeNames().map(name => [name, aboutRecipe(name)] as const);
          if (json) printJson(rows.map(([name, about]) => ({ name, about, path: recipeFile(name) })));
          else printTable(rows);
        }),
    )
    .addCommand(
      new Command('show')
        .description('print a recipe, with a comment on every key')
        .argument('<name>')
        .addHelpText('after', '\nExample:\n  $ tslm recipes show bert\n')
        .action((name: string) => void process.stdout.write(textOf(name))),
    )
    .addCommand(
      new Command('copy')
        .description('write a recipe into a file, to change it')
        .argument('<name>')
        .argument('[file]', 'default: its name in this folder')
        .addHelpText('after', '\nExample:\n  $ tslm recipes copy bert my-bert.yaml\n')
        .action((name: string, file?: string) => {
          const text = textOf(name);
          const path = file ?? basename(name.endsWith(ENDING) ? name : `${name}${ENDING}`);
          if (existsSync(path))
            throw usageError('TSLM_EEXIST', `${path}: there is a file already`, 'give another name');
          namingFile(path, () => writeFileAtomically(path, text));
          process.stdout.write(`${path}\n`);
        }),
    )
    .addHelpText('after', '\nExample:\n  $ tslm recipes list\n');
}
