/** `tslm feedback list|review|export|import|delete`: what people said of answers. */
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
  command.addCommand(reviewCommand());
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
    .addOption(
      new Option('--review <state>', 'that wait for a review, or what one has said').choices([
        'waiting',
        'accepted',
        'rejected',
      ]),
    )
    .option('--limit <n>', 'most judgements to list', positiveInteger, 50)
    .option('--json', 'print them as JSON, with prompts and answers')
    .addHelpText('after', '\nExample:\n  $ tslm feedback list learning/ --kind correction\n')
    .action(
      async (
        folder: string,
        options: {
          user?: string;
          kind?: (typeof KINDS)[number];
          review?: 'waiting' | 'accepted' | 'rejected';
          limit: number;
          json?: boolean;
        },
      ) => {
        using store = await open(folder);
        const { user, kind, review, limit } = options;
        const found = store.judgements({
          user: user === undefined ? undefined : store.keyed.user(user),
          kind,
          review,
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

function reviewCommand(): Command {
  return new Command('review')
    .description(
      'say of judgements whether they may be learnt from; with `review: true` in learning.yaml only what is accepted is',
    )
    .argument('<folder>', 'of the service')
    .argument('[judgements...]', 'their ids, as `list` prints them')
    .option('--all', 'all that wait for a review')
    .option('--accept', 'they may be learnt from')
    .option('--reject', 'nothing is learnt from them')
    .option('--by <name>', 'who says so', 'reviewer')
    .option('--json', 'print what was done as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tslm feedback review learning/ fb_0123456789abcdef01234567 --reject\n  $ tslm feedback review learning/ --all --accept\n',
    )
    .action(
      async (
        folder: string,
        ids: string[],
        {
          all,
          accept,
          reject,
          by,
          json,
        }: { all?: boolean; accept?: boolean; reject?: boolean; by: string; json?: boolean },
      ) => {
        if (accept === reject) throw usageError('TSLM_BAD_VALUE', 'say exactly one of --accept and --reject');
        if (ids.length > 0 === (all === true)) {
          throw usageError('TSLM_BAD_VALUE', 'name judgements, or say --all', '`tslm feedback list` prints their ids');
        }
        const { openRegistry } = await import('../online/registry/registry.ts');
        const { reviewJudgements } = await import('../online/review.ts');
        using store = await open(folder);
        const chosen = all ? store.judgements({ review: 'waiting' }).map(({ id }) => id) : ids;
        const verdict = accept ? 'accepted' : 'rejected';
        const done = reviewJudgements(store, openRegistry(store), chosen, { verdict, reviewer: by });
        if (json) {
          printJson(done);
          return;
        }
        printTable([
          [verdict, `${done.judgements} judgements`],
          ...(done.revisions.length > 0
            ? ([
                ['had learnt from them', done.revisions.join(', ')],
                ['without them', `tslm learn ${folder} --rebuild`],
              ] as const)
            : []),
        ]);
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
