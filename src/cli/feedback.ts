/** `tslm feedback list|export|import|delete`: what people said of answers. */
import { Command, Option } from 'commander';
import { usageError } from '../support/errors.ts';
import { positiveInteger } from './options.ts';
import { printJson, printRows, printTable } from './print.ts';

const KINDS = ['rating', 'thumb', 'choice', 'correction', 'label', 'text', 'signal'] as const;
const ROWS = ['instruction', 'preference', 'feedback', 'labelled'] as const;

export function feedbackCommand(): Command {
  const command = new Command('feedback')
    .description('what people said of the answers of a service that learns')
    .addHelpText('after', '\nExample:\n  $ tslm feedback list learning/\n');
  command.addCommand(listCommand());
  command.addCommand(exportCommand());
  command.addCommand(importCommand());
  command.addCommand(deleteCommand());
  return command;
}

const open = async (folder: string) =>
  (await import('../online/store/store.ts')).openStore(folder, { mustExist: true });

function listCommand(): Command {
  return new Command('list')
    .description('the judgements, the newest first')
    .argument('<folder>', 'of the service')
    .option('--user <name>', "of one person, by name or by what `list` prints in the name's place")
    .addOption(new Option('--kind <kind>', 'of one kind').choices(KINDS))
    .option('--limit <n>', 'most judgements to list', positiveInteger, 50)
    .option('--json', 'print them as JSON, with prompts and answers')
    .addHelpText('after', '\nExample:\n  $ tslm feedback list learning/ --kind correction\n')
    .action(
      async (
        folder: string,
        options: { user?: string; kind?: (typeof KINDS)[number]; limit: number; json?: boolean },
      ) => {
        using store = await open(folder);
        const { user, kind, limit } = options;
        const found = store.judgements({
          user: user === undefined ? undefined : store.keyed.user(user),
          kind,
          last: limit,
        });
        if (options.json) {
          printJson(found.map(one => ({ ...one, answered: store.answer(one.answer) })));
          return;
        }
        printRows([
          ['judgement', 'when', 'by', 'answer', 'says'],
          ...found.map(({ id, created, user: by, answer, position, value: { kind: name, ...value } }) => [
            id,
            new Date(created).toISOString().slice(0, 16).replace('T', ' '),
            by,
            `${answer} #${position}`,
            [
              name,
              ...Object.values(value).map(one => (typeof one === 'string' ? one.slice(0, 60) : JSON.stringify(one))),
            ].join(' '),
          ]),
        ]);
        const { answers, judgements, users } = store.counts();
        process.stderr.write(`${judgements} judgements of ${users} people, ${answers} answers\n`);
      },
    );
}

function exportCommand(): Command {
  return new Command('export')
    .description('judgements as rows that `tslm finetune` reads, JSON Lines on stdout')
    .argument('<folder>', 'of the service')
    .addOption(
      new Option('--rows <kind>', 'corrections; choices and corrections; thumbs and ratings; labels')
        .choices(ROWS)
        .default('preference'),
    )
    .addHelpText('after', '\nExample:\n  $ tslm feedback export learning/ --rows preference > pairs.jsonl\n')
    .action(async (folder: string, { rows }: { rows: (typeof ROWS)[number] }) => {
      const { exportRows } = await import('../online/export.ts');
      using store = await open(folder);
      for (const row of exportRows(store, rows)) process.stdout.write(`${JSON.stringify(row)}\n`);
    });
}

function importCommand(): Command {
  return new Command('import')
    .description('take rows for judgements: preference or feedback rows, as `export` writes them')
    .argument('<folder>', 'of the service')
    .argument('<files...>', 'JSON Lines, CSV or Parquet')
    .addOption(
      new Option('--rows <kind>', 'what the files have').choices(['preference', 'feedback']).default('preference'),
    )
    .option('--user <name>', 'whose judgements they are', 'import')
    .option('--json', 'print how many as JSON')
    .addHelpText('after', '\nExample:\n  $ tslm feedback import learning/ pairs.jsonl --user annotators\n')
    .action(
      async (
        folder: string,
        files: string[],
        options: { rows: 'preference' | 'feedback'; user: string; json?: boolean },
      ) => {
        const { importRows } = await import('../online/import.ts');
        using store = await open(folder);
        const imported = await importRows(store, files, options);
        if (options.json) printJson(imported);
        else printTable([['imported', `${imported.judgements} judgements`]]);
      },
    );
}

function deleteCommand(): Command {
  return new Command('delete')
    .description('forget a person, a conversation or an answer, with all that was said of it')
    .argument('<folder>', 'of the service')
    .option('--user <name>', 'whose requests and judgements go')
    .option('--conversation <name>', 'by the name that requests gave it')
    .option('--answer <id>', 'by the id of its response')
    .option('--json', 'print what is gone as JSON')
    .addHelpText('after', '\nExample:\n  $ tslm feedback delete learning/ --user alice@example.com\n')
    .action(
      async (
        folder: string,
        { json, ...what }: { user?: string; conversation?: string; answer?: string; json?: boolean },
      ) => {
        if (Object.keys(what).length !== 1) {
          throw usageError('TSLM_BAD_VALUE', 'say exactly one of --user, --conversation and --answer');
        }
        const { forgetFeedback } = await import('../online/forget.ts');
        const { openRegistry } = await import('../online/registry/registry.ts');
        using store = await open(folder);
        const gone = forgetFeedback(store, openRegistry(store), what as { user: string });
        if (json) {
          printJson(gone);
          return;
        }
        printTable([
          ['forgotten', `${gone.answers} answers, ${gone.judgements} judgements`],
          ['had learnt from them', gone.revisions.join(', ') || 'no revision'],
          ...(gone.inUse.length > 0
            ? ([
                ['still in use', gone.inUse.join(', ')],
                ['without them', `tslm learn ${folder} --rebuild`],
              ] as const)
            : []),
        ]);
      },
    );
}
