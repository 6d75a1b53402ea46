/** `tslm promote`, `tslm rollback`, `tslm history`: which revision answers, and which were there. */
import { Command } from 'commander';
import type { Registry } from '../online/registry/registry.ts';
import type { FeedbackStore } from '../online/store/store.ts';
import { printJson, printRows } from './print.ts';

const PATIENCE = 5000;

async function opened<T>(folder: string, body: (registry: Registry, store: FeedbackStore) => T): Promise<T> {
  const { openRegistry } = await import('../online/registry/registry.ts');
  const { openStore } = await import('../online/store/store.ts');
  using store = openStore(folder, { mustExist: true });
  return body(openRegistry(store), store);
}

async function changed(
  folder: string,
  json: boolean | undefined,
  change: (registry: Registry) => { from: string; to: string },
): Promise<void> {
  const { lockRegistry } = await import('../online/registry/registry.ts');
  const result = await opened(folder, registry => {
    using _lock = lockRegistry(folder, PATIENCE);
    return change(registry);
  });
  await followedBy(folder, result.to);
  if (json) printJson(result);
  else process.stdout.write(`${result.to} answers in place of ${result.from}\n`);
}

/** Waits until services of the folder answer with the new champion; one that does not is told of. */
export async function followedBy(folder: string, champion: string): Promise<void> {
  const { untilFollowed } = await import('../online/registry/services.ts');
  if (await untilFollowed(folder, champion)) return;
  process.stderr.write(`a service of ${folder} does not answer with ${champion} yet: its own output says why\n`);
}

export function promoteCommand(): Command {
  return new Command('promote')
    .description('make a revision the one that answers; a service follows before this ends')
    .argument('<folder>', 'of a service that learns')
    .argument(
      '[revision]',
      'its id, as `tslm history` prints it (default: the challenger, else what answers in the shadow)',
    )
    .option('--json', 'print both ids as JSON')
    .addHelpText('after', '\nExample:\n  $ tslm promote learning/ fp_0123456789abcdef\n')
    .action(async (folder: string, id: string | undefined, { json }: { json?: boolean }) => {
      const { usageError } = await import('../support/errors.ts');
      await changed(folder, json, registry => {
        const chosen = id ?? registry.alias('challenger') ?? registry.alias('shadow');
        if (chosen !== undefined) return registry.promote(chosen, 'by hand');
        throw usageError(
          'TSLM_NOTHING_TO_DO',
          `${folder}: there is neither a challenger nor anything in the shadow`,
          `name a revision: tslm history ${folder}`,
        );
      });
    });
}

export function rollbackCommand(): Command {
  return new Command('rollback')
    .description('make the revision before the one that answers it again; a service follows before this ends')
    .argument('<folder>', 'of a service that learns')
    .option('--json', 'print both ids as JSON')
    .addHelpText('after', '\nExample:\n  $ tslm rollback learning/\n')
    .action(async (folder: string, { json }: { json?: boolean }) => {
      await changed(folder, json, registry => registry.rollback('by hand'));
    });
}

export function historyCommand(): Command {
  return new Command('history')
    .description('the revisions of a service, what the gate said of each, and which judgements are in which')
    .argument('<folder>', 'of a service that learns')
    .argument('[revision]', 'print the judgements that are in its weights, by their ids')
    .option('--json', 'print all of it as JSON, with every event')
    .addHelpText('after', '\nExamples:\n  $ tslm history learning/\n  $ tslm history learning/ fp_0123456789abcdef\n')
    .action(async (folder: string, id: string | undefined, { json }: { json?: boolean }) => {
      const { ALIASES } = await import('../online/registry/registry.ts');
      const { learntIn } = await import('../online/registry/learnt.ts');
      await opened(folder, (registry, store) => {
        if (id !== undefined) {
          registry.pathOf(id); // which says when there is none
          const found = learntIn(store, registry, id);
          if (json) printJson(found);
          else process.stdout.write(found.map(one => `${one.judgement}  ${one.revision}\n`).join(''));
          return;
        }
        const aliasesOf = (revision: string): string =>
          ALIASES.filter(name => registry.alias(name) === revision).join(', ');
        const revisions = registry.revisions();
        if (json) {
          const links = Object.fromEntries(ALIASES.map(name => [name, registry.alias(name) ?? null]));
          printJson({ ...links, revisions, events: store.events() });
          return;
        }
        printRows([
          ['revision', 'made', 'state', 'is', 'gate'],
          ...revisions.map(({ id: name, created, state, decision }) => [
            name,
            new Date(created).toISOString().slice(0, 16).replace('T', ' '),
            state,
            aliasesOf(name) || '–',
            String((decision as { sentence?: string } | undefined)?.sentence ?? '–'),
          ]),
        ]);
      });
    });
}
