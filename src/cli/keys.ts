/** `tslm keys add|list|remove`: the API keys of a server, in a file that has their hashes alone. */
import { Command } from 'commander';
import { positiveInteger } from './options.ts';
import { printJson, printTable } from './print.ts';

interface AddOptions {
  admin?: boolean;
  requestsPerMinute?: number;
  tokensPerMinute?: number;
  concurrency?: number;
  json?: boolean;
}

export function keysCommand(): Command {
  const add = new Command('add')
    .description('create a key and print it, once')
    .argument('<file>', 'file of keys, made where there is none')
    .argument('<name>', 'whose key it is')
    .option('--admin', 'may load and unload models')
    .option('--requests-per-minute <n>', 'limit of requests', positiveInteger)
    .option('--tokens-per-minute <n>', 'limit of tokens, read and written', positiveInteger)
    .option('--concurrency <n>', 'limit of concurrent requests', positiveInteger)
    .option('--json', 'print the key as JSON')
    .addHelpText('after', '\nExample:\n  $ tslm keys add keys.json anna --requests-per-minute 60\n')
    .action(async (file: string, name: string, { admin, json, ...limits }: AddOptions) => {
      const { addKey } = await import('../serve/http/keys/key-file.ts');
      const hasLimits = Object.values(limits).some(limit => limit !== undefined);
      const key = await addKey(file, { name, admin, limits: hasLimits ? limits : undefined });
      if (json) printJson({ name, key });
      else process.stdout.write(`${key}\n`);
      if (!json) process.stderr.write('note: this is the only time that the key is shown\n');
    });
  const list = new Command('list')
    .description('whose keys there are')
    .argument('<file>', 'file of keys')
    .option('--json', 'print names and limits as JSON')
    .addHelpText('after', '\nExample:\n  $ tslm keys list keys.json\n')
    .action(async (file: string, { json }: { json?: boolean }) => {
      const { readKeys } = await import('../serve/http/keys/key-file.ts');
      const keys = readKeys(file).map(({ hash: _, ...rest }) => rest);
      if (json) printJson(keys);
      else if (keys.length === 0) process.stderr.write('note: the file has no keys\n');
      else printTable(keys.map(key => [key.name, describe(key)] as const));
    });
  const remove = new Command('remove')
    .description('revoke a key; a running server refuses it within a second')
    .argument('<file>', 'file of keys')
    .argument('<name>', 'whose key it is')
    .option('--json', 'print the removed keys as JSON')
    .addHelpText('after', '\nExample:\n  $ tslm keys remove keys.json anna\n')
    .action(async (file: string, name: string, { json }: { json?: boolean }) => {
      const { removeKey } = await import('../serve/http/keys/key-file.ts');
      await removeKey(file, name);
      if (json) printJson({ removed: name });
      else process.stdout.write(`removed ${name}\n`);
    });
  return new Command('keys')
    .description('API keys of `tslm serve`')
    .addCommand(add)
    .addCommand(list)
    .addCommand(remove)
    .addHelpText('after', '\nExample:\n  $ tslm keys add keys.json anna\n');
}

function describe({
  created,
  admin,
  limits = {},
}: {
  created: string;
  admin?: boolean;
  limits?: Record<string, number | undefined>;
}): string {
  const words = [`since ${created.slice(0, 10)}`, ...(admin ? ['admin'] : [])];
  for (const [limit, value] of Object.entries(limits)) if (value !== undefined) words.push(`${limit} ${value}`);
  return words.join(', ');
}
