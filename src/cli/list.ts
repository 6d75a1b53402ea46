/** `tslm list`: the corpora, models, runs and results of a folder. */
import { Command } from 'commander';
import { contentsOf } from '../runs/folder-contents.ts';
import { printJson, printNote, printRows } from './print.ts';

export function listCommand(): Command {
  return new Command('list')
    .description('corpora, models, runs and results of a folder')
    .argument('[folder]', 'where to look, and in its corpora/, models/, runs/ and results/', '.')
    .option('--json', 'print them as JSON')
    .addHelpText('after', '\nExample:\n  $ tslm list\n')
    .action((folder: string, { json }: { json?: boolean }) => {
      const entries = contentsOf(folder);
      if (json) printJson(entries.map(({ modified, ...entry }) => ({ ...entry, modified: new Date(modified) })));
      else if (entries.length === 0) printNote('nothing here yet: `tslm quickstart` makes a corpus and a model');
      else {
        const rows = entries.map(({ kind, path, about, modified }) => [kind, path, day(modified), about]);
        printRows([['kind', 'folder', 'written', 'about'], ...rows]);
      }
    });
}

const day = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(0, 16).replace('T', ' ');
