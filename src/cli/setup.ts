/** `tslm setup`: libtorch and the native bridge, by `scripts/setup.mjs`, which runs before there is anything else. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { root } from '../support/root.ts';

export function setupCommand(): Command {
  return new Command('setup')
    .description('find libtorch, and take or compile the native bridge to it')
    .option('--libtorch <folder>', "libtorch, or Python's torch, in this folder")
    .addOption(
      new Option('--from-pip', 'fetch torch with pip into the cache of this user, and use that').conflicts('libtorch'),
    )
    .addHelpText(
      'after',
      `
Without options: the folder that TSLM_LIBTORCH names, what was chosen the last time, the torch that python3 imports, the
system's; on Debian and Ubuntu, as root or with sudo, libtorch-dev is installed where there is none.

Example:
  $ tslm setup --libtorch ~/libtorch
`,
    )
    .action(({ libtorch, fromPip }: { libtorch?: string; fromPip?: boolean }) => {
      const given = [...(libtorch === undefined ? [] : ['--libtorch', libtorch]), ...(fromPip ? ['--from-pip'] : [])];
      const script = join(root, 'scripts', 'setup.mjs');
      process.exitCode = spawnSync(process.execPath, [script, ...given], { stdio: 'inherit' }).status ?? 1;
    });
}
